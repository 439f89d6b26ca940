import { departures, type FactContent, facts, people, withdrawals } from '@supergraph/db/notifications/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, desc, eq, gt, inArray, isNull, lt, lte, sql } from 'drizzle-orm';
import type { Fact, Person } from './rows.ts';

/** Lets one transaction at a time decide about these facts: a request and its withdrawal may come at once. */
export async function lockFacts(tx: Db, domain: string, dedupeKeys: readonly string[]): Promise<void> {
  // In one order for all, so that nobody waits in a circle.
  const names = [...new Set(dedupeKeys)].toSorted().map((key) => `notifications:${domain}:${key}`);
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(name, 0)) from jsonb_array_elements_text(${JSON.stringify(names)}::jsonb) as name`,
  );
}

/** Whether a fact was taken back. */
export async function isWithdrawn(tx: Db, domain: string, dedupeKey: string): Promise<boolean> {
  const rows = await tx
    .select({ at: withdrawals.at })
    .from(withdrawals)
    .where(and(eq(withdrawals.domain, domain), eq(withdrawals.dedupeKey, dedupeKey)));
  return rows.length > 0;
}

/** Notes that facts were taken back. */
export async function insertWithdrawals(tx: Db, domain: string, dedupeKeys: readonly string[], at: Date): Promise<void> {
  await tx
    .insert(withdrawals)
    .values(dedupeKeys.map((dedupeKey) => ({ domain, dedupeKey, at })))
    .onConflictDoNothing();
}

/** Notes who is told of a fact now; gives back whom it was not told before. */
export async function insertFacts(tx: Db, rows: readonly (typeof facts.$inferInsert)[]): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set();
  const fresh = await tx
    .insert(facts)
    .values([...rows])
    .onConflictDoNothing()
    .returning({ recipientId: facts.recipientId });
  return new Set(fresh.map(({ recipientId }) => recipientId));
}

/** People who were told of one of the facts, in the order of their ids. */
export async function listTold(tx: Db, domain: string, dedupeKeys: readonly string[], page: { behind: string | null; limit: number }) {
  const rows = await tx
    .selectDistinct({ recipientId: facts.recipientId })
    .from(facts)
    .where(
      and(
        eq(facts.domain, domain),
        inArray(facts.dedupeKey, [...dedupeKeys]),
        isNull(facts.withdrawnAt),
        page.behind === null ? undefined : gt(facts.recipientId, page.behind),
      ),
    )
    .orderBy(asc(facts.recipientId))
    .limit(page.limit);
  return rows.map(({ recipientId }) => recipientId);
}

/** Marks these people's facts as taken back and gives them back. */
export const withdrawFacts = (
  tx: Db,
  domain: string,
  dedupeKeys: readonly string[],
  recipientIds: readonly string[],
  withdrawnAt: Date,
): Promise<Fact[]> =>
  tx
    .update(facts)
    .set({ withdrawnAt, content: null })
    .where(
      and(
        eq(facts.domain, domain),
        inArray(facts.dedupeKey, [...dedupeKeys]),
        inArray(facts.recipientId, [...recipientIds]),
        isNull(facts.withdrawnAt),
      ),
    )
    .returning();

/** What is left in notices of several facts, the latest first; at most `each` of a notice. */
export async function listContents(
  tx: Db,
  recipientIds: readonly string[],
  noticeIds: readonly string[],
  each: number,
): Promise<Map<string, FactContent[]>> {
  if (noticeIds.length === 0) return new Map();
  const ranked = tx
    .select({
      notificationId: facts.notificationId,
      content: facts.content,
      seq: facts.seq,
      place: sql<number>`row_number() over (partition by ${facts.notificationId} order by ${facts.seq} desc)`.as('place'),
    })
    .from(facts)
    .where(and(inArray(facts.recipientId, [...recipientIds]), inArray(facts.notificationId, [...noticeIds]), isNull(facts.withdrawnAt)))
    .as('ranked');
  const rows = await tx.select().from(ranked).where(lte(ranked.place, each)).orderBy(desc(ranked.seq));
  const byNotice = new Map<string, FactContent[]>();
  for (const { notificationId, content } of rows) {
    if (!content) continue;
    byNotice.set(notificationId, [...(byNotice.get(notificationId) ?? []), content]);
  }
  return byNotice;
}

/** The keys of the facts in a person's notices. */
export async function listKeys(tx: Db, recipientId: string, noticeIds: readonly string[]): Promise<string[]> {
  const rows = await tx
    .select({ dedupeKey: facts.dedupeKey })
    .from(facts)
    .where(and(eq(facts.recipientId, recipientId), inArray(facts.notificationId, [...noticeIds]), isNull(facts.withdrawnAt)))
    .orderBy(asc(facts.seq));
  return rows.map(({ dedupeKey }) => dedupeKey);
}

/** Takes away what facts of these notices told. */
export async function stripFacts(tx: Db, recipientIds: readonly string[], noticeIds: readonly string[]): Promise<void> {
  await tx
    .update(facts)
    .set({ content: null })
    .where(and(inArray(facts.recipientId, [...recipientIds]), inArray(facts.notificationId, [...noticeIds])));
}

/** Of these people, those who are known. */
export const findPeople = (db: Db, userIds: readonly string[]): Promise<Person[]> =>
  db
    .select()
    .from(people)
    .where(inArray(people.userId, [...userIds]));

/** Keeps a person's name, unless a newer one is there or the person is gone. */
export async function savePerson(tx: Db, person: Pick<Person, 'userId' | 'displayName' | 'version'>): Promise<void> {
  const { userId: _, ...rest } = person;
  await tx
    .insert(people)
    .values(person)
    .onConflictDoUpdate({ target: people.userId, set: rest, setWhere: and(lt(people.version, person.version), isNull(people.erasedAt)) });
}

/** Forgets a person's name, and keeps that they are gone. */
export async function erasePerson(tx: Db, userId: string, erasedAt: Date): Promise<void> {
  const gone = { displayName: '', version: 0, erasedAt };
  await tx
    .insert(people)
    .values({ userId, ...gone })
    .onConflictDoUpdate({ target: people.userId, set: gone });
}

/** Notes that a person left a tenant, or is back, unless something newer is known; tells whether it was news. */
export async function saveDeparture(tx: Db, row: typeof departures.$inferSelect): Promise<boolean> {
  const { gone, epoch } = row;
  const rows = await tx
    .insert(departures)
    .values(row)
    .onConflictDoUpdate({
      target: [departures.organizationId, departures.userId],
      set: { gone, epoch },
      setWhere: lt(departures.epoch, epoch),
    })
    .returning({ userId: departures.userId });
  return rows.length > 0;
}

/** Of these people, those who left the tenant. */
export async function findDeparted(tx: Db, organizationId: string, userIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx
    .select({ userId: departures.userId })
    .from(departures)
    .where(and(eq(departures.organizationId, organizationId), inArray(departures.userId, [...userIds]), eq(departures.gone, true)));
  return new Set(rows.map(({ userId }) => userId));
}

/** Forgets who left a tenant. */
export async function deleteDeparturesOf(tx: Db, organizationId: string): Promise<void> {
  await tx.delete(departures).where(eq(departures.organizationId, organizationId));
}
