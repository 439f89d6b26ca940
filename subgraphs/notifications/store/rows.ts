import type { facts, feedLog, heads, notices, people } from '@supergraph/db/notifications/tables';
import type { Db } from '@supergraph/platform/database';
import { sql } from 'drizzle-orm';

export type Notice = typeof notices.$inferSelect;
export type Head = typeof heads.$inferSelect;
export type Fact = typeof facts.$inferSelect;
export type Person = typeof people.$inferSelect;
export type FeedEntry = typeof feedLog.$inferSelect;

const setRecipients = (ids: readonly string[]) => sql`select set_config('app.recipient_ids', ${ids.join(',')}, true)`;

/** Opens the rows of the people whom an event concerns, for consumers and for the reader of live feeds; never for a request. */
export function asRecipients<Result>(db: Db, ids: readonly string[], work: (tx: Db) => Promise<Result>): Promise<Result> {
  return db.transaction(async (tx) => {
    await tx.execute(setRecipients(ids));
    const result = await work(tx);
    // The setting lasts as long as the outermost transaction.
    await tx.execute(setRecipients([]));
    return result;
  });
}
