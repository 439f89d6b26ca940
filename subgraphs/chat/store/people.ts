import { participants, people, tenantMembers } from '@supergraph/db/chat/tables';
import type { Db } from '@supergraph/platform/database';
import { and, eq, inArray, isNull, lt } from 'drizzle-orm';
import type { Person } from './rows.ts';

/** Of these people, those who exist. */
export const findPeople = (db: Db, userIds: readonly string[]): Promise<Person[]> =>
  db
    .select()
    .from(people)
    .where(inArray(people.userId, [...userIds]));

/** Of these people, those who are active members of the tenant. */
export async function findActiveMembers(db: Db, organizationId: string, userIds: readonly string[]): Promise<string[]> {
  const rows = await db
    .select({ userId: tenantMembers.userId })
    .from(tenantMembers)
    .where(
      and(
        eq(tenantMembers.organizationId, organizationId),
        inArray(tenantMembers.userId, [...userIds]),
        eq(tenantMembers.status, 'ACTIVE'),
      ),
    );
  return rows.map(({ userId }) => userId);
}

/** The participants of a conversation who bear these handles. */
export async function findByHandles(db: Db, conversationId: string, handles: readonly string[]): Promise<string[]> {
  if (handles.length === 0) return [];
  const rows = await db
    .select({ userId: people.userId })
    .from(people)
    .innerJoin(
      participants,
      and(eq(participants.userId, people.userId), eq(participants.conversationId, conversationId), isNull(participants.leftAt)),
    )
    .where(inArray(people.handle, [...handles]));
  return rows.map(({ userId }) => userId);
}

/** Keeps a person's names, unless newer ones are there. */
export async function savePerson(tx: Db, person: Person): Promise<void> {
  const { userId: _, ...names } = person;
  await tx
    .insert(people)
    .values(person)
    .onConflictDoUpdate({ target: people.userId, set: names, setWhere: lt(people.version, person.version) });
}

/** Forgets a person's names. */
export async function deletePerson(tx: Db, userId: string): Promise<void> {
  await tx.delete(people).where(eq(people.userId, userId));
}

type Membership = typeof tenantMembers.$inferSelect;

/** Keeps a membership; false when something newer is known. */
export async function saveMember(tx: Db, member: Membership): Promise<boolean> {
  const { status, epoch } = member;
  const rows = await tx
    .insert(tenantMembers)
    .values(member)
    .onConflictDoUpdate({
      target: [tenantMembers.organizationId, tenantMembers.userId],
      set: { status, epoch },
      setWhere: lt(tenantMembers.epoch, epoch),
    })
    .returning({ userId: tenantMembers.userId });
  return rows.length > 0;
}

/** The tenants of the person for whom the transaction speaks. */
export async function listTenantsOf(tx: Db, userId: string): Promise<string[]> {
  const rows = await tx.select({ id: tenantMembers.organizationId }).from(tenantMembers).where(eq(tenantMembers.userId, userId));
  return rows.map(({ id }) => id);
}
