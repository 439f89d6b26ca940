import { type Bus, defineSignal } from '@supergraph/platform/bus';
import type { RequestContext } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { withoutDeadline } from '@supergraph/platform/deadline';
import type { Log } from '@supergraph/platform/log';
import { z } from 'zod';
import { findHeads, listEntries } from '../store/feeds.ts';
import { findNotices } from '../store/notices.ts';
import { asRecipients, type FeedEntry, type Head, type Notice } from '../store/rows.ts';
import { Subscriber } from './subscriber.ts';

/** What happened in a feed, with the notice and the counts as they were when it was read. */
export interface FeedEvent extends Pick<FeedEntry, 'seq' | 'kind' | 'notificationId' | 'recipientId'> {
  readonly notice: Notice | null;
  readonly head: Head;
}

/** A hint that feeds have grown; the log is the truth, and is looked at every second without hints too. */
const feedsTouched = defineSignal('notifications.touched', z.object({ userIds: z.array(z.uuid()) }));

const pollMs = 1_000;
const pollBatch = 500;
const batchSize = 250;
/** A hint may come before the commit that it tells of, so the log is looked at again soon. */
const hintedLooksMs = [0, 15, 60, 250];

interface Ground {
  readonly db: Db;
  readonly bus: Bus;
  readonly log: Log;
}

/** Tells the readers of live feeds, here and in other processes. */
export function tellFeeds(ctx: Pick<RequestContext, 'bus'>, userIds: readonly string[]): void {
  if (userIds.length > 0) ctx.bus.send(feedsTouched, { userIds: [...userIds] });
}

/** Events of a feed behind a number, with what they are about. */
function readEvents(db: Db, userId: string, range: { behind: number; upTo?: number; limit: number }): Promise<FeedEvent[]> {
  return asRecipients(db, [userId], async (tx) => {
    const entries = await listEntries(tx, userId, range);
    if (entries.length === 0) return [];
    const ids = [...new Set(entries.flatMap(({ notificationId }) => notificationId ?? []))];
    const notices = new Map((ids.length > 0 ? await findNotices(tx, ids) : []).map((notice) => [notice.id, notice]));
    const [head] = await findHeads(tx, [userId]);
    if (!head) return [];
    return entries.map(({ seq, kind, notificationId, recipientId }) => {
      const notice = notificationId === null ? null : (notices.get(notificationId) ?? null);
      return { seq, kind, notificationId, recipientId, notice, head };
    });
  });
}

/** The one reader of a person's feed in this process. */
class Feed {
  readonly userId: string;
  readonly subscribers = new Set<Subscriber>();
  readonly #ground: Ground;
  #position: number;
  #reading = false;
  #again = false;

  constructor(ground: Ground, userId: string, position: number) {
    this.#ground = ground;
    this.userId = userId;
    this.#position = position;
  }

  /** The newest event that every subscriber has been given. */
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
      this.#ground.log.warn({ error }, 'a feed could not be read on; the next look catches up');
    } finally {
      this.#reading = false;
    }
  }

  async #readNew(): Promise<void> {
    for (;;) {
      const events = await readEvents(this.#ground.db, this.userId, { behind: this.#position, limit: batchSize });
      for (const event of events) {
        this.#position = event.seq;
        for (const subscriber of this.subscribers) subscriber.take(event);
      }
      if (events.length < batchSize) return;
    }
  }
}

/** All live feeds of a process: one ear for hints and one look a second, however many people listen. */
class Hub {
  readonly #ground: Ground;
  readonly #feeds = new Map<string, Feed>();
  #running: AbortController | null = null;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** Begins to listen, and only then reads where the feed stands: what comes in between is not missed. */
  join(userId: string, position: number, behind: number): { subscriber: Subscriber; upTo: number; leave: () => void } {
    const subscriber = new Subscriber(behind);
    const known = this.#feeds.get(userId);
    const feed = known ?? new Feed(this.#ground, userId, position);
    feed.subscribers.add(subscriber);
    const upTo = feed.position;
    if (!known) {
      this.#feeds.set(userId, feed);
      this.#start();
      feed.wake();
    }
    return { subscriber, upTo, leave: () => this.#leave(feed, subscriber) };
  }

  #leave(feed: Feed, subscriber: Subscriber): void {
    subscriber.leave();
    feed.subscribers.delete(subscriber);
    if (feed.subscribers.size > 0 || this.#feeds.get(feed.userId) !== feed) return;
    this.#feeds.delete(feed.userId);
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
        const hints = this.#ground.bus.signals(feedsTouched, ({ userIds }) => userIds.some((id) => this.#feeds.has(id)), signal);
        for await (const { userIds } of hints) for (const userId of userIds) this.#lookSoon(userId);
      } catch (error) {
        this.#ground.log.warn({ error }, 'hints of feeds were lost; every open one is read');
        for (const feed of this.#feeds.values()) feed.wake();
      }
    }
  }

  #lookSoon(userId: string): void {
    const before = this.#feeds.get(userId)?.position;
    if (before === undefined) return;
    for (const ms of hintedLooksMs) {
      setTimeout(() => {
        const feed = this.#feeds.get(userId);
        if (feed && feed.position === before) feed.wake();
      }, ms).unref();
    }
  }

  async #poll(): Promise<void> {
    const userIds = [...this.#feeds.keys()];
    try {
      for (let from = 0; from < userIds.length; from += pollBatch) {
        const ids = userIds.slice(from, from + pollBatch);
        const heads = await asRecipients(this.#ground.db, ids, (tx) => findHeads(tx, ids));
        for (const { recipientId, lastSeq } of heads) {
          const feed = this.#feeds.get(recipientId);
          if (feed && feed.position < lastSeq) feed.wake();
        }
      }
    } catch (error) {
      this.#ground.log.warn({ error }, 'live feeds could not be looked at; it is tried again');
    }
  }
}

const hubs = new WeakMap<Db, Hub>();

function hubOf({ db, bus, log }: Ground): Hub {
  const known = hubs.get(db);
  if (known) return known;
  const made = new Hub({ db, bus, log });
  hubs.set(db, made);
  return made;
}

/** A seat at a person's feed. It listens from now on; `events` is read by its owner alone. */
export interface Seat {
  readonly events: AsyncGenerator<FeedEvent, void>;
  readonly leave: () => void;
}

/**
 * Takes a seat: what is logged behind `behind` is replayed, then everything comes live, in order and once. `position`
 * is where the caller found the feed before.
 */
export function takeSeat(
  ctx: Pick<RequestContext, 'db' | 'bus' | 'log' | 'signal'>,
  userId: string,
  position: number,
  behind: number,
): Seat {
  const { subscriber, upTo, leave } = hubOf(ctx).join(userId, position, behind);
  const replay = async (from: number, limit: number) => (from < upTo ? readEvents(ctx.db, userId, { behind: from, upTo, limit }) : []);
  if (ctx.signal.aborted) leave();
  else ctx.signal.addEventListener('abort', leave, { once: true });
  return { events: subscriber.read(replay), leave };
}
