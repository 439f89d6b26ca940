import { sql } from 'drizzle-orm';
import type { Db } from './database.ts';

/**
 * How many rows of each table of a schema a work read, in sequence or by an index, those too that did not fit; partitions
 * count as their table. The database itself counts what really ran, so nothing has to be explained apart. Its
 * statistics must be fresh (`analyze`), and a table small enough is read whole for good reason.
 */
export async function rowsRead(db: Db, schema: string, work: (tx: Db) => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  return db.transaction(async (tx) => {
    const before = await countReads(tx, schema);
    await work(tx);
    const after = await countReads(tx, schema);
    return new Map([...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)]));
  });
}

/** What this connection read; earlier transactions are among it until the database collects them. */
async function countReads(tx: Db, schema: string): Promise<Map<string, number>> {
  const rows = await tx.execute<{ name: string; count: string }>(sql`
    select coalesce(parent.relname, stat.relname) as name, sum(stat.seq_tup_read + coalesce(stat.idx_tup_fetch, 0)) as count
    from pg_stat_xact_user_tables stat
    left join pg_inherits on inhrelid = stat.relid
    left join pg_class parent on parent.oid = inhparent
    where stat.schemaname = ${schema}
    group by 1`);
  return new Map(rows.map(({ name, count }) => [name, Number(count)]));
}
