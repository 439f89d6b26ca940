import type { Consumer, EventEngine } from './bus.ts';
import type { Envelope } from './events.ts';
import type { Log } from './log.ts';
import { becomeHolder, ensureBusSchema, freeAbandoned } from './postgres-bus-schema.ts';
import { type Deliveries, startDeliveries } from './postgres-deliveries.ts';
import { keepListening, type Link, openLink } from './postgres-link.ts';

export { createPostgresLive } from './postgres-live.ts';

export interface PostgresBusOptions {
  readonly url: string;
  readonly log: Log;
}

const channel = 'bus_deliveries';
const pollMs = 1_000;
const waitingAtMost = 5_000;
const batchAtMost = 200;

/**
 * An event engine on tables of the schema `bus`: every consumer has its own copy of each event it wants, from the
 * moment `publish` resolves until it was handled. Notifications only shorten the wait for the next poll.
 */
export function createPostgresEngine({ url, log }: PostgresBusOptions): EventEngine {
  const link = openLink(url, 'events');
  const running = new Map<Deliveries, string>();
  let holder: number | undefined;
  let prepared: Promise<void> | undefined;
  const prepare = () =>
    (prepared ??= ensureBusSchema(link).catch((error: unknown) => {
      prepared = undefined;
      throw error;
    }));
  const publisher = createPublisher(link, prepare);

  const wakeAll = () => [...running.keys()].forEach((deliveries) => deliveries.wake());
  const startListening = () =>
    keepListening({
      url,
      name: 'events',
      channel,
      log,
      onNotification: (consumer) => running.forEach((name, deliveries) => name === consumer && deliveries.wake()),
      onReady: async (sql) => {
        await prepare();
        holder = await becomeHolder(sql);
        wakeAll();
      },
      onLost: () => {
        holder = undefined;
      },
    });
  let listening: ReturnType<typeof keepListening> | undefined;
  const poll = setInterval(() => {
    if (running.size === 0 || holder === undefined) return;
    freeAbandoned(link).then(wakeAll, (error: unknown) =>
      log.warn({ error }, 'the event engine could not look for abandoned events; it tries again'),
    );
  }, pollMs);

  return {
    publish: publisher.publish,
    consume: async (consumer) => {
      await prepare();
      await register(link, consumer);
      listening ??= startListening();
      const deliveries = startDeliveries({ link, consumer, log, holder: () => holder });
      running.set(deliveries, consumer.name);
      deliveries.wake();
      return async () => {
        await deliveries.stop();
        running.delete(deliveries);
      };
    },
    close: async () => {
      clearInterval(poll);
      publisher.stop();
      await Promise.all([...running.keys()].map((deliveries) => deliveries.stop()));
      running.clear();
      await listening?.close();
      await link.close();
    },
  };
}

/** From now on events are kept for the consumer, whether it runs or not. */
async function register({ sql, ask }: Link, { name, patterns }: Consumer): Promise<void> {
  await ask(sql`
    insert into bus.consumers (name, patterns)
    values (${name}, array(select json_array_elements_text(${JSON.stringify(patterns)}::text::json)))
    on conflict (name) do update set patterns = excluded.patterns, seen_at = now()`);
}

interface Waiting {
  readonly envelope: Envelope;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Writes what was published at the same time with one statement; one statement at a time keeps the order of calls. */
function createPublisher(link: Link, prepare: () => Promise<void>) {
  const waiting: Waiting[] = [];
  let stopped = false;
  let sending = false;

  async function sendAll(): Promise<void> {
    sending = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, batchAtMost);
      try {
        await prepare();
        await store(
          link,
          batch.map(({ envelope }) => envelope),
        );
        for (const { resolve } of batch) resolve();
      } catch (error) {
        // The relay sends again; an event that cannot be stored must not hold up its neighbors for ever.
        if (batch.length > 1) await sendEach(batch);
        else batch[0]?.reject(error);
      }
    }
    sending = false;
  }

  async function sendEach(batch: readonly Waiting[]): Promise<void> {
    const outcomes = await Promise.allSettled(batch.map(({ envelope }) => store(link, [envelope])));
    outcomes.forEach((outcome, at) => (outcome.status === 'fulfilled' ? batch[at]?.resolve() : batch[at]?.reject(outcome.reason)));
  }

  return {
    publish: (envelope: Envelope): Promise<void> => {
      if (stopped) return Promise.reject(new Error('the event engine is closed'));
      if (waiting.length >= waitingAtMost) return Promise.reject(new Error('too many events wait to be published'));
      return new Promise((resolve, reject) => {
        waiting.push({ envelope, resolve, reject });
        if (!sending) void sendAll();
      });
    },
    stop: () => {
      stopped = true;
    },
  };
}

async function store({ sql, ask }: Link, envelopes: readonly Envelope[]): Promise<void> {
  const rows = envelopes.map((envelope) => {
    const [, thing = '', verb = ''] = envelope.name.split('.');
    return {
      event_id: envelope.eventId,
      key: envelope.key,
      names: [envelope.name, `*.${thing}.${verb}`],
      envelope: JSON.stringify(envelope),
    };
  });
  await ask(sql`
    with published as (
      select (item ->> 'event_id')::uuid as event_id, item ->> 'key' as key, item ->> 'envelope' as envelope,
        array(select json_array_elements_text(item -> 'names')) as names, number
      from json_array_elements(${JSON.stringify(rows)}::text::json) with ordinality as each (item, number)),
    stored as (
      insert into bus.deliveries (consumer, event_id, key, envelope)
      select consumers.name, event_id, key, envelope
      from published join bus.consumers on consumers.patterns && published.names
      order by number
      on conflict (consumer, event_id) do nothing
      returning consumer)
    select pg_notify(${channel}, consumer) from (select distinct consumer from stored) as told`);
}
