import { mailQueue } from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { and, eq, isNotNull, isNull, lte, or, sql } from 'drizzle-orm';

export type QueuedMail = typeof mailQueue.$inferSelect;

/** Puts sealed mails into a tenant's queue. */
export const insertMails = (tx: Db, values: (typeof mailQueue.$inferInsert)[]): Promise<QueuedMail[]> =>
  tx.insert(mailQueue).values(values).returning();

const here = (organizationId: string, id: string) => and(eq(mailQueue.organizationId, organizationId), eq(mailQueue.id, id));

/** Takes a tenant's mail that is due, and counts the try; null when it is sent, given up, gone, or waits. Nobody takes it again until then. */
export async function claimMail(tx: Db, organizationId: string, id: string, now: Date, until: Date): Promise<QueuedMail | null> {
  const due = or(isNull(mailQueue.nextTryAt), lte(mailQueue.nextTryAt, now));
  const [mail] = await tx
    .update(mailQueue)
    .set({ nextTryAt: until, attempts: sql`${mailQueue.attempts} + 1` })
    .where(and(here(organizationId, id), isNotNull(mailQueue.sealed), due))
    .returning();
  return mail ?? null;
}

/** When a tenant's mail that still waits is due; null when it does not wait. */
export async function findNextTry(tx: Db, organizationId: string, id: string): Promise<Date | null> {
  const [mail] = await tx
    .select({ nextTryAt: mailQueue.nextTryAt })
    .from(mailQueue)
    .where(and(here(organizationId, id), isNotNull(mailQueue.sealed)));
  return mail?.nextTryAt ?? null;
}

/** Lets a mail that could not be sent wait until then. */
export async function postponeMail(tx: Db, organizationId: string, id: string, until: Date): Promise<void> {
  await tx.update(mailQueue).set({ nextTryAt: until }).where(here(organizationId, id));
}

/** Empties a mail; with a time, because it was sent then. */
export async function emptyMail(tx: Db, organizationId: string, id: string, { sentAt }: { sentAt: Date | null }): Promise<void> {
  await tx.update(mailQueue).set({ sealed: null, sentAt }).where(here(organizationId, id));
}
