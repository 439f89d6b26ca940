import type { Sql } from 'postgres';
import type { Link } from './postgres-link.ts';

/** Names the lock class under which a living process holds its number. */
export const holderLocks = 7_320_193;
const installLock = 7_320_194;
const version = 'supergraph bus 1';

const definition = `
create schema if not exists bus;

create table if not exists bus.consumers (
  name text primary key,
  patterns text[] not null,
  seen_at timestamptz not null default now()
);

-- One row per consumer and event from its publishing until it is handled.
create table if not exists bus.deliveries (
  position bigint generated always as identity primary key,
  consumer text not null,
  event_id uuid not null,
  key text not null,
  envelope text not null,
  attempts integer not null default 0,
  retry_at timestamptz,
  holder integer,
  unique (consumer, event_id)
) with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
create index if not exists deliveries_waiting on bus.deliveries (consumer, position) where holder is null;
create index if not exists deliveries_held on bus.deliveries (consumer, key) where holder is not null;
create index if not exists deliveries_retried on bus.deliveries (consumer, key, position) where retry_at is not null;

create sequence if not exists bus.holders as integer cycle;

-- Hands out waiting rows: never one of a key that somebody holds, never one behind a row that waits for its next try.
-- One claim at a time per consumer, and each statement of a function sees what was committed before it.
create or replace function bus.claim(taker text, claimant integer, busy text[], most integer)
returns table (claimed bigint, claimed_envelope text, claimed_attempts integer) language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('bus.claim:' || taker, 0));
  return query
  update bus.deliveries as taken set holder = claimant
  where taken.position in (
    select waiting.position from bus.deliveries as waiting
    where waiting.consumer = taker and waiting.holder is null and waiting.key <> all (busy)
      and not exists (select from bus.deliveries as held
        where held.consumer = taker and held.key = waiting.key and held.holder is not null)
      and not exists (select from bus.deliveries as retried
        where retried.consumer = taker and retried.key = waiting.key and retried.position <= waiting.position
          and retried.retry_at > clock_timestamp())
    order by waiting.position limit most for update skip locked)
  returning taken.position, taken.envelope, taken.attempts;
end $$;

-- Live messages that are too large for NOTIFY; a crash of the server may empty it.
create unlogged table if not exists bus.messages (
  id bigint generated always as identity primary key,
  body text not null,
  sent_at timestamptz not null default now()
);
create index if not exists messages_sent on bus.messages (sent_at);

comment on schema bus is '${version}';
`;

/** Makes the schema `bus` unless it is there; many processes may do so at once. */
export async function ensureBusSchema(link: Link): Promise<void> {
  const [found] = await link.ask(
    link.sql<{ version: string | null }[]>`select obj_description(to_regnamespace('bus'), 'pg_namespace') as version`,
  );
  if (found?.version === version) return;
  await link.sql.begin(async (sql) => {
    await sql`select pg_advisory_xact_lock(${installLock})`;
    await sql.unsafe(definition);
  });
}

/** Takes a number of its own that is held as long as this connection lives. */
export async function becomeHolder(sql: Sql): Promise<number> {
  const [taken] = await sql<{ holder: number }[]>`select nextval('bus.holders')::integer as holder`;
  if (!taken) throw new Error('PostgreSQL gave no number to hold');
  await sql`select pg_advisory_lock(${holderLocks}, ${taken.holder})`;
  return taken.holder;
}

/** Frees what processes hold that no longer live. */
export async function freeAbandoned({ sql, ask }: Link): Promise<void> {
  await ask(sql`
    update bus.deliveries set holder = null
    where holder is not null and not exists (
      select from pg_locks
      where locktype = 'advisory' and granted and classid = ${holderLocks} and objid = holder::oid and objsubid = 2
        and database = (select oid from pg_database where datname = current_database()))`);
}
