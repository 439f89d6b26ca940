import type { PgBoss, QueueOptions } from 'pg-boss';
import type { Sql } from 'postgres';
import { domainRole } from './database.ts';

/** Where pg-boss keeps its tables. */
export const schema = 'worker';

/** 8 more tries within about 17 minutes; completed work is kept for a day. */
const kept = { retryLimit: 8, retryDelay: 2, retryBackoff: true, retryDelayMax: 3_600, deleteAfterSeconds: 86_400 };
const deadSeconds = 30 * 86_400;
const grantLock = 7_320_195;

/** Makes a kind of work known, or gives it today's options. */
export async function ensureQueue(boss: PgBoss, queue: string, options: QueueOptions & { readonly deadLetter: string }): Promise<void> {
  const wanted = { ...kept, ...options, notify: true };
  const found = await boss.getQueue(queue);
  if (!found) await boss.createQueue(queue, { policy: 'short', ...wanted });
  else if (Object.entries(wanted).some(([key, value]) => found[key as keyof typeof found] !== value)) await boss.updateQueue(queue, wanted);
}

/** Makes the queue that takes work which failed for good. */
export async function ensureDeadQueue(boss: PgBoss): Promise<void> {
  if (await boss.getQueue('dead')) return;
  await boss.createQueue('dead', { deleteAfterSeconds: deadSeconds, retentionSeconds: deadSeconds });
}

/** Ends schedules of a domain's work that no longer has one. */
export async function removeSchedules(boss: PgBoss, domain: string, wanted: readonly string[]): Promise<void> {
  for (const { name } of await boss.getSchedules()) {
    if (name.startsWith(`${domain}.`) && !wanted.includes(name)) await boss.unschedule(name);
  }
}

const names = (list: readonly string[]) => `{${list.map((name) => JSON.stringify(name)).join(',')}}`;

/** Which of the queues have work that is due by the server's clock. */
export async function dueQueues(sql: Sql, queues: readonly string[]): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select name from unnest(${names(queues)}::text[]) as queues (name)
    where exists (select from worker.job_common as job where job.name = queues.name and job.state < 'active' and job.start_after <= now())`;
  return rows.map(({ name }) => name);
}

const heldBackMs = 1_000 * 365 * 86_400_000;

/** A time that the server's clock will not reach, so that the caller's clock alone decides when work runs. */
export const heldBack = (time: Date): Date => new Date(time.getTime() + heldBackMs);

/** Lets work run whose time, held back, has come by the caller's clock; the queues that have some. */
export async function makeDue(sql: Sql, queues: readonly string[], now: Date): Promise<string[]> {
  await sql`
    update worker.job_common set start_after = now()
    where name = any (${names(queues)}::text[]) and state < 'active' and start_after > '2900-01-01' and start_after <= ${heldBack(now).toISOString()}::timestamptz`;
  return dueQueues(sql, queues);
}

/**
 * Gives a domain's role what adding its own work inside its own transactions needs: it may neither read the data of
 * work nor add another domain's.
 */
export async function letEnqueue(sql: Sql, domain: string): Promise<void> {
  const role = domainRole(domain);
  const policy = `${domain}_work`;
  const [found] = await sql<{ ready: boolean }[]>`
    select exists (select from pg_policies where schemaname = ${schema} and tablename = 'job_common' and policyname = ${policy})
      and has_table_privilege(${role}, 'worker.job_common', 'insert') as ready`;
  if (found?.ready) return;
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${grantLock})`;
    await tx`grant usage on schema worker to ${tx(role)}`;
    await tx`grant select on worker.queue to ${tx(role)}`;
    await tx`grant insert, select (id, start_after) on worker.job_common to ${tx(role)}`;
    await tx`alter table worker.job_common enable row level security`;
    await tx`drop policy if exists ${tx(policy)} on worker.job_common`;
    const own = `starts_with(name, '${domain}.')`;
    await tx.unsafe(`create policy "${policy}" on worker.job_common for all to "${role}" using (${own}) with check (${own})`);
  });
}
