// Runs as a process of its own: mixed load on one pool; every 100 ms it prints what happened, at the end the sums.
import { sql } from 'drizzle-orm';
import { asTenant, DatabaseUnavailable, openDatabase } from '../../src/database.ts';
import { withDeadline } from '../../src/deadline.ts';

const [url = '', domain = ''] = process.argv.slice(2);
const database = openDatabase({ url, domain, poolSize: 8 });
const { db } = database;
const tenant = crypto.randomUUID();
const sums = { answered: 0, unavailable: 0, strange: 0, wrong: 0, slowestMs: 0, stoodStillMs: 0 };
let recent = { ok: 0, unavailable: 0 };
let running = true;
const tickMs = 100;

async function readOne(number: number): Promise<void> {
  const rows = await db.execute<{ n: number; tenant: string }>(
    sql`select ${number}::int as n, current_setting('app.organization_id', true) as tenant`,
  );
  if (rows.length !== 1 || rows[0]?.n !== number || rows[0].tenant) sums.wrong += 1;
}
const write = (number: number) =>
  asTenant(db, tenant, async (tx) => {
    await tx.execute(sql`insert into load.numbers (n) values (${number})`);
    const rows = await tx.execute<{ n: number; tenant: string }>(
      sql`select n, current_setting('app.organization_id', true) as tenant from load.numbers where n = ${number}`,
    );
    if (rows[0]?.n !== number || rows[0].tenant !== tenant) sums.wrong += 1;
    await tx.transaction((inner) =>
      Promise.all([inner.execute(sql`select pg_sleep(0.002)`), inner.execute(sql`delete from load.numbers where n = ${number}`)]),
    );
  });

async function worker(index: number): Promise<void> {
  for (let turn = 0; running; turn += 1) {
    const began = performance.now();
    const number = index * 10_000_000 + turn;
    const [hasDeadline, isTransaction] = [index % 2 === 0, turn % 2 === 0];
    const work = () => (isTransaction ? write(number) : readOne(number));
    try {
      // Half of the work comes with the deadline of a request, half with none but the statement's own.
      await (hasDeadline ? withDeadline({ deadline: Date.now() + 4_500 }, work) : work());
      recent.ok += 1;
    } catch (error) {
      if (error instanceof DatabaseUnavailable) recent.unavailable += 1;
      else {
        sums.strange += 1;
        console.error(error);
      }
      await new Promise((done) => setTimeout(done, 5));
    }
    // A transaction without a deadline is several statements, of which each has its own.
    if (hasDeadline || !isTransaction) sums.slowestMs = Math.max(sums.slowestMs, Math.round(performance.now() - began));
  }
}

const workers = Array.from({ length: 16 }, (_, index) => worker(index));
let ticked = performance.now();
const clock = setInterval(() => {
  // What this process did not run at all, because others did, says nothing about the database.
  sums.stoodStillMs = Math.max(sums.stoodStillMs, Math.round(performance.now() - ticked - tickMs));
  ticked = performance.now();
  sums.answered += recent.ok;
  sums.unavailable += recent.unavailable;
  console.log(JSON.stringify(recent));
  recent = { ok: 0, unavailable: 0 };
}, tickMs);
process.once('SIGTERM', () => {
  running = false;
  void Promise.all(workers)
    .then(() => database.close())
    .then(() => {
      clearInterval(clock);
      console.log(JSON.stringify({ ...sums, end: true }));
    });
});
