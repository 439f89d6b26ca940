import { randomUUID } from 'node:crypto';
import type { LiveTransport } from './bus.ts';
import { createConnectionState } from './connection-state.ts';
import { createTopics } from './in-process-bus.ts';
import type { Log } from './log.ts';
import { ensureBusSchema } from './postgres-bus-schema.ts';
import { keepListening, type Link, openLink } from './postgres-link.ts';

const channel = 'bus_live';
/** NOTIFY carries less than 8,000 bytes. */
const largestNotice = 7_800;
const waitingAtMost = 10_000;
const batchAtMost = 500;
const keptSeconds = 60;
const sweepEveryMs = 30_000;

interface Message {
  readonly topic: string;
  readonly text: string;
}

/** What NOTIFY carries: who sent, a number that keeps equal messages apart, the topic, and the text or its row. */
type Notice = readonly [origin: string, number: number, topic: string, text: string | null, row: string | null];

/**
 * Live hints between processes by LISTEN and NOTIFY, over one listening connection. A process's own broadcasts reach
 * its listeners directly; large messages travel as a row of `bus.messages`.
 */
export function createPostgresLive({ url, log }: { readonly url: string; readonly log: Log }): LiveTransport {
  const link = openLink(url, 'live', 1);
  const topics = createTopics();
  const origin = randomUUID();
  const outgoing = createQueue<Message>(waitingAtMost, (batch) => send(link, origin, batch), log);
  const connection = createConnectionState();
  const incoming = createQueue<Notice>(waitingAtMost, (batch) => receive(link, batch, topics.tell), log, connection.missed);
  const listening = keepListening({
    url,
    name: 'live transport',
    channel,
    log,
    onNotification: (payload) => {
      const notice = JSON.parse(payload) as Notice;
      if (notice[0] !== origin && topics.has(notice[2])) incoming.add(notice);
    },
    onReady: async () => {
      await ensureBusSchema(link);
      connection.set(true);
    },
    onLost: () => connection.set(false),
  });
  const sweeping = setInterval(() => {
    sweep(link).catch((error: unknown) => log.warn({ error }, 'old live messages could not be removed; it is tried again'));
  }, sweepEveryMs);
  return {
    broadcast: (topic, text) => {
      topics.tell(topic, text);
      outgoing.add({ topic, text });
    },
    listen: topics.listen,
    onConnection: connection.watch,
    close: async () => {
      clearInterval(sweeping);
      topics.clear();
      incoming.stop();
      await outgoing.finish();
      await listening.close();
      await link.close();
    },
  };
}

/** Writes a batch; large texts become rows. Throws when it cannot: live messages may be lost. */
async function send({ sql, ask }: Link, origin: string, batch: readonly Message[]): Promise<void> {
  let number = 0;
  const notices: string[] = [];
  for (const { topic, text } of batch) {
    const notice = (body: string | null, row: string | null) => JSON.stringify([origin, (number += 1), topic, body, row] satisfies Notice);
    const whole = notice(text, null);
    if (Buffer.byteLength(whole) <= largestNotice) {
      notices.push(whole);
      continue;
    }
    const [stored] = await ask(sql<{ id: string }[]>`insert into bus.messages (body) values (${text}) returning id`);
    notices.push(notice(null, stored?.id ?? null));
  }
  await ask(sql`
    select pg_notify(${channel}, notice)
    from json_array_elements_text(${JSON.stringify(notices)}::text::json) with ordinality as each (notice, number) order by number`);
}

/** Tells the listeners in the order of arrival; a text that is a row is read first. */
async function receive({ sql, ask }: Link, batch: readonly Notice[], tell: (topic: string, text: string) => void): Promise<void> {
  for (const [, , topic, text, row] of batch) {
    if (text !== null) {
      tell(topic, text);
      continue;
    }
    const [stored] = await ask(sql<{ body: string }[]>`select body from bus.messages where id = ${row}::bigint`);
    if (stored) tell(topic, stored.body);
  }
}

async function sweep({ sql, ask }: Link): Promise<void> {
  await ask(sql`delete from bus.messages where sent_at < now() - make_interval(secs => ${keptSeconds}::double precision)`);
}

/** A bounded queue that hands over what waits, batch after batch; what finds no room or no taker is dropped and said. */
function createQueue<Item>(most: number, take: (batch: readonly Item[]) => Promise<void>, log: Log, lost: () => void = () => undefined) {
  const waiting: Item[] = [];
  let dropped = 0;
  let running = false;
  let finished = Promise.withResolvers<void>();

  async function run(): Promise<void> {
    running = true;
    finished = Promise.withResolvers<void>();
    while (waiting.length > 0) {
      const batch = waiting.splice(0, batchAtMost);
      try {
        await take(batch);
      } catch (error) {
        log.warn({ error, count: batch.length }, 'live messages were lost; those who listen read again when they reconnect');
        lost();
      }
    }
    if (dropped > 0) {
      log.warn({ count: dropped }, 'live messages were dropped, there were too many at once');
      lost();
    }
    dropped = 0;
    running = false;
    finished.resolve();
  }
  return {
    add: (item: Item) => {
      if (waiting.length >= most) dropped += 1;
      else waiting.push(item);
      if (!running) void run();
    },
    /** Forgets what waits. */
    stop: () => void waiting.splice(0),
    /** Resolves when what waits was handed over. */
    finish: () => (running ? finished.promise : Promise.resolve()),
  };
}
