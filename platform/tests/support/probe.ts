import { randomBytes } from 'node:crypto';
import { asc } from 'drizzle-orm';
import { bigint, pgSchema, text } from 'drizzle-orm/pg-core';
import { v7 } from 'uuid';
import { z } from 'zod';
import type { EventEngine } from '../../src/bus.ts';
import { deadLetterTable, inboxTable, outboxTable } from '../../src/columns.ts';
import { on, toConsumer } from '../../src/consumers.ts';
import { nobody, type RequestContext } from '../../src/context.ts';
import { type Db, openDatabase } from '../../src/database.ts';
import { defineEvent, type Envelope, type EventContract } from '../../src/events.ts';
import { createInProcessLive } from '../../src/in-process-bus.ts';
import { createLog } from '../../src/log.ts';
import { migrateDomain } from '../../src/migrate.ts';
import { emit, startRelay } from '../../src/outbox.ts';
import { writeMigrations } from './migrations.ts';

const probe = pgSchema('probe');
const outbox = outboxTable(probe);
const inbox = inboxTable(probe);
const deadLetters = deadLetterTable(probe);
export const effects = probe.table('effects', {
  position: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  key: text().notNull(),
  number: bigint({ mode: 'number' }).notNull(),
});

const tables = `
create table probe.outbox (position bigint generated always as identity primary key, event_id uuid not null unique, name text not null,
  key text not null, envelope jsonb not null, created_at timestamptz(3) not null default now(), published_at timestamptz(3));
create table probe.inbox (consumer text, event_id uuid, received_at timestamptz(3) not null default now(), primary key (consumer, event_id));
create table probe.dead_letter (id uuid primary key, consumer text not null, event_id uuid not null, name text not null, envelope jsonb not null,
  reason text not null, attempts integer not null, failed_at timestamptz(3) not null default now());
create table probe.effects (position bigint generated always as identity primary key, key text not null, number bigint not null);
`;

export type Counted = { key: string; number: number };
export const log = createLog('silent', 'test');

/** A name of letters that nobody else uses, so that tests can share a broker. */
export const freshName = (prefix: string) => prefix + [...randomBytes(8)].map((byte) => String.fromCharCode(97 + (byte % 26))).join('');

/** Declares an event of its own for a test. */
export const countedEvent = (domain = freshName('probe')): EventContract<Counted> =>
  defineEvent(`${domain}.thing.counted`, 1, 'key', z.object({ key: z.string(), number: z.number() }));

/** An envelope as a relay would send it. */
export const envelopeOf = (contract: EventContract<Counted>, key: string, number: number): Envelope<Counted> => ({
  eventId: v7(),
  name: contract.name,
  schemaVersion: 1,
  key,
  occurredAt: new Date().toISOString(),
  organizationId: null,
  actorId: null,
  traceparent: null,
  payload: { key, number },
});

export type Probe = Awaited<ReturnType<typeof openProbe>>;

/** A domain with outbox, inbox and a table of effects, to test what carries its events. */
export async function openProbe(ownerUrl: string) {
  await migrateDomain({ ownerUrl, domain: 'probe', migrationsFolder: writeMigrations({ '0000_probe': tables }) });
  const database = openDatabase({ url: ownerUrl, domain: 'probe', poolSize: 8, log });
  const { db } = database;
  const origin = { viewer: null, organization: null, traceparent: null, now: () => new Date() };
  return {
    db,
    emit: (contract: EventContract<Counted>, events: readonly Counted[]) =>
      db.transaction(async (tx) => {
        for (const event of events) await emit(origin, tx, outbox, contract, event);
      }),
    /** Writes one event in a transaction, as a domain does that tells its relay. */
    emitIn: (tx: Db, contract: EventContract<Counted>, event: Counted, outboxWritten: () => void) =>
      emit({ ...origin, outboxWritten }, tx, outbox, contract, event),
    relay: (engine: EventEngine, live = createInProcessLive()) => startRelay({ domain: freshName('probe'), db, outbox, engine, live, log }),
    /** Writes down each event it is given; `before` may refuse it. */
    consumer: (name: string, contract: EventContract<Counted>, before: (event: Counted) => void | Promise<void> = () => undefined) =>
      toConsumer({
        domain: name,
        db,
        inbox,
        deadLetters,
        definitions: [
          on(contract, async (_ctx, tx, { payload }) => {
            await tx.insert(effects).values(payload);
            await before(payload);
          }),
        ],
        contextFor: ({ eventId }) => ({ ...nobody(eventId), log }) as unknown as RequestContext<never>,
      }),
    effects: async (): Promise<Counted[]> =>
      db.select({ key: effects.key, number: effects.number }).from(effects).orderBy(asc(effects.position)),
    deadLetters: () => db.select().from(deadLetters),
    unpublished: async () => (await db.select().from(outbox)).filter(({ publishedAt }) => publishedAt === null).length,
    clear: async () => {
      for (const table of [effects, outbox, inbox, deadLetters]) await db.delete(table);
    },
    close: () => database.close(),
  };
}

/** The numbers of each key, in the order in which they took effect. */
export const byKey = (events: readonly Counted[]): Record<string, number[]> =>
  Object.fromEntries([...Map.groupBy(events, ({ key }) => key)].map(([key, list]) => [key, list.map(({ number }) => number)]));
