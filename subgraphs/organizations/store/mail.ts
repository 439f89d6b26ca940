import { mailQueue } from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { and, eq, inArray, isNull } from 'drizzle-orm';

export type QueuedMail = typeof mailQueue.$inferSelect;

/** Puts sealed mails into a tenant's queue. */
export const insertMails = (tx: Db, values: (typeof mailQueue.$inferInsert)[]): Promise<QueuedMail[]> =>
  tx.insert(mailQueue).values(values).returning();

/** Those of a tenant's mails that still wait; locked, so that no second worker sends them too. */
export const takeWaitingMails = (tx: Db, organizationId: string, ids: readonly string[]): Promise<QueuedMail[]> =>
  tx
    .select()
    .from(mailQueue)
    .where(and(eq(mailQueue.organizationId, organizationId), inArray(mailQueue.id, [...ids]), isNull(mailQueue.sentAt)))
    .for('update', { skipLocked: true });

/** Notes that mails went out and empties them. */
export async function emptyMails(tx: Db, organizationId: string, ids: readonly string[], now: Date): Promise<void> {
  await tx
    .update(mailQueue)
    .set({ sealed: null, sentAt: now })
    .where(and(eq(mailQueue.organizationId, organizationId), inArray(mailQueue.id, [...ids])));
}
