import { type Bus, defineSignal } from '@supergraph/platform/bus';
import type { RequestContext } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { withoutDeadline } from '@supergraph/platform/deadline';
import type { Log } from '@supergraph/platform/log';
import { z } from 'zod';
import { type Conversation, findLastChanges, readChanges } from '../store/index.ts';
import { admitted } from './gate.ts';
import { type Change, toChanges } from './rows.ts';
import { Subscriber, type Wish } from './subscriber.ts';

/** A hint that a conversation's log has grown; the log is the truth, and is looked at every second without hints too. */
export const conversationTouched = defineSignal('chat.touched', z.object({ conversationId: z.uuid() }));

const pollMs = 1_000;
const pollBatch = 500;
const batchSize = 250;

interface Ground {
  readonly db: Db;
  readonly bus: Bus;
  readonly log: Log;
}

/** The one reader of a conversation in this process. */
class Feed {
  readonly conversation: Pick<Conversation, 'id' | 'organizationId'>;
  readonly subscribers = new Set<Subscriber>();
  readonly #ground: Ground;
  #position: number;
  #reading = false;
  #again = false;

  constructor(ground: Ground, { id, organizationId, lastChange }: Conversation) {
    this.#ground = ground;
    this.conversation = { id, organizationId };
    this.#position = lastChange;
  }

  /** The newest change that every subscriber has been given. */
  get position(): number {
    return this.#position;
  }

  /** Reads on soon; wake-ups that come together are one. */
  wake(): void {
    this.#again = true;
    if (!this.#reading) void this.#readAll();
  }

  async #readAll(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#again && this.subscribers.size > 0) {
        this.#again = false;
        await this.#readNew();
      }
    } catch (error) {
      this.#ground.log.warn({ error }, 'a conversation could not be read on; the next look catches up');
    } finally {
      this.#reading = false;
    }
  }

  async #readNew(): Promise<void> {
    for (;;) {
      const changes = toChanges(await readChanges(this.#ground.db, this.conversation, { behind: this.#position, limit: batchSize }));
      for (const change of changes) {
        this.#position = change.number;
        for (const subscriber of this.subscribers) subscriber.take(change);
      }
      if (changes.length < batchSize) return;
    }
  }
}

/** All feeds of a process: one ear for hints, one look a second per space, however many conversations are open. */
class Hub {
  readonly #ground: Ground;
  readonly #feeds = new Map<string, Feed>();
  #running: AbortController | null = null;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** Begins to listen at once: what is logged from now on reaches the subscriber. */
  join(conversation: Conversation, wish: Wish): { subscriber: Subscriber; upTo: number; leave: () => void } {
    const subscriber = new Subscriber(wish);
    const known = this.#feeds.get(conversation.id);
    const feed = known ?? new Feed(this.#ground, conversation);
    feed.subscribers.add(subscriber);
    const upTo = feed.position;
    if (!known) {
      this.#feeds.set(conversation.id, feed);
      this.#start();
      feed.wake();
    }
    return { subscriber, upTo, leave: () => this.#leave(feed, subscriber) };
  }

  #leave(feed: Feed, subscriber: Subscriber): void {
    // Whoever still waits for the next change must not wait for ever.
    subscriber.end();
    feed.subscribers.delete(subscriber);
    if (feed.subscribers.size > 0 || this.#feeds.get(feed.conversation.id) !== feed) return;
    this.#feeds.delete(feed.conversation.id);
    if (this.#feeds.size > 0) return;
    this.#running?.abort();
    this.#running = null;
  }

  #start(): void {
    if (this.#running) return;
    const running = new AbortController();
    this.#running = running;
    // The hub outlives the request that opened it.
    void withoutDeadline(async () => {
      const timer = setInterval(() => void this.#poll(), pollMs);
      timer.unref();
      running.signal.addEventListener('abort', () => clearInterval(timer), { once: true });
      await this.#listen(running.signal);
    });
  }

  async #listen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const hints = this.#ground.bus.signals(conversationTouched, ({ conversationId }) => this.#feeds.has(conversationId), signal);
        for await (const { conversationId } of hints) this.#feeds.get(conversationId)?.wake();
      } catch (error) {
        this.#ground.log.warn({ error }, 'hints of conversations were lost; every open one is read');
        for (const feed of this.#feeds.values()) feed.wake();
      }
    }
  }

  async #poll(): Promise<void> {
    const spaces = Map.groupBy(this.#feeds.values(), ({ conversation }) => conversation.organizationId);
    try {
      for (const [organizationId, feeds] of spaces) {
        for (let from = 0; from < feeds.length; from += pollBatch) {
          const ids = feeds.slice(from, from + pollBatch).map(({ conversation }) => conversation.id);
          for (const { id, lastChange } of await findLastChanges(this.#ground.db, organizationId, ids)) {
            const feed = this.#feeds.get(id);
            if (feed && feed.position < lastChange) feed.wake();
          }
        }
      }
    } catch (error) {
      this.#ground.log.warn({ error }, 'open conversations could not be looked at; it is tried again');
    }
  }
}

const hubs = new WeakMap<Db, Hub>();

function hubOf(ctx: Pick<RequestContext, 'db' | 'bus' | 'log'>): Hub {
  const known = hubs.get(ctx.db);
  if (known) return known;
  const { db, bus, log } = ctx;
  const made = new Hub({ db, bus, log });
  hubs.set(db, made);
  return made;
}

/** A seat at a conversation's feed. It listens from now on; `changes` is read by its owner alone. */
export interface Seat {
  readonly changes: AsyncGenerator<Change, void>;
  readonly ended: AbortSignal;
  readonly leave: () => void;
}

/** Takes a seat: what is logged behind `wish.behind` is replayed, then everything comes live, in order and once. */
export function takeSeat(ctx: Pick<RequestContext, 'db' | 'bus' | 'log' | 'signal'>, conversation: Conversation, wish: Wish): Seat {
  const { subscriber, upTo, leave } = hubOf(ctx).join(conversation, wish);
  const replay = async (behind: number, limit: number) =>
    behind < upTo ? toChanges(await admitted(() => readChanges(ctx.db, conversation, { behind, upTo, limit }))) : [];
  ctx.signal.addEventListener('abort', leave, { once: true });
  return { changes: subscriber.read(replay, ctx.signal), ended: subscriber.ended, leave };
}
