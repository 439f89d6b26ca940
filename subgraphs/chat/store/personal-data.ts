import { conversations, messages, messageVersions, participants, people, reactions, tenantMembers } from '@supergraph/db/chat/tables';
import { asTenant, type Db } from '@supergraph/platform/database';
import { behind, type Reading } from '@supergraph/platform/personal-data';
import { deleteAtMost } from '@supergraph/platform/tenant-erasure';
import { and, asc, eq, inArray, isNull, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { listTenantsOf } from './people.ts';

type Page = Pick<Reading, 'tx' | 'userId' | 'after' | 'limit'>;
/** The space of people in general, whose rows name no tenant. */
const everybody = '';
type SpaceOf = { readonly organizationId: string | null };

/** The spaces that the person knows, in the order in which pages go through them. */
export const listSpaces = async (tx: Db, userId: string): Promise<string[]> => [everybody, ...(await listTenantsOf(tx, userId)).toSorted()];

/** Works behind the door of a space. */
export const inSpace = <Result>(tx: Db, space: string, work: (own: Db) => Promise<Result>): Promise<Result> =>
  space === everybody ? work(tx) : asTenant(tx, space, work);

/** That a row is of the space: behind a tenant's door the rows of people in general can be seen, too. */
export const ofSpace = (column: PgColumn, space: string): SQL => (space === everybody ? isNull(column) : eq(column, space));

/** A page that begins in one space and may go on in the next; keys begin with the space. */
async function throughSpaces<Row extends SpaceOf>(
  { tx, userId, after, limit }: Page,
  read: (page: Page, space: string) => Promise<Row[]>,
): Promise<Row[]> {
  const [from = everybody, ...inside] = after ?? [];
  const rows: Row[] = [];
  for (const space of await listSpaces(tx, userId)) {
    if (space < from || rows.length === limit) continue;
    const rest = { userId, limit: limit - rows.length, after: after !== null && space === from ? inside : null };
    rows.push(...(await inSpace(tx, space, (own) => read({ ...rest, tx: own }, space))));
  }
  return rows;
}

/** The key of a row of a space. */
export const spaceKey = ({ organizationId }: SpaceOf, ...rest: readonly (string | number)[]): (string | number)[] => [
  organizationId ?? everybody,
  ...rest,
];

/** The copy of the person's names. */
export const readPerson = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({ userId: people.userId, handle: people.handle, displayName: people.displayName })
    .from(people)
    .where(and(eq(people.userId, userId), behind([people.userId], after)))
    .limit(limit);

/** The tenants that the person is or was a member of. */
export const readTenants = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({ organizationId: tenantMembers.organizationId, status: tenantMembers.status })
    .from(tenantMembers)
    .where(and(eq(tenantMembers.userId, userId), behind([tenantMembers.organizationId], after)))
    .orderBy(asc(tenantMembers.organizationId))
    .limit(limit);

/** The person's places in conversations, those that they left too. */
export const readPlaces = (page: Page) =>
  throughSpaces(page, ({ tx, userId, after, limit }, space) =>
    tx
      .select({
        id: participants.id,
        conversationId: participants.conversationId,
        organizationId: participants.organizationId,
        kind: conversations.kind,
        name: conversations.name,
        role: participants.role,
        joinedAt: participants.joinedAt,
        leftAt: participants.leftAt,
        lastReadAt: participants.lastReadAt,
        notify: participants.notify,
        mutedUntil: participants.mutedUntil,
        pinned: participants.pinned,
        archived: participants.archived,
        draft: participants.draft,
      })
      .from(participants)
      .innerJoin(conversations, eq(conversations.id, participants.conversationId))
      .where(and(eq(participants.userId, userId), ofSpace(participants.organizationId, space), behind([participants.id], after)))
      .orderBy(asc(participants.id))
      .limit(limit),
  );

/** What the person wrote. */
export const readMessages = (page: Page) =>
  throughSpaces(page, ({ tx, userId, after, limit }, space) =>
    tx
      .select({
        id: messages.id,
        conversationId: messages.conversationId,
        organizationId: messages.organizationId,
        body: messages.body,
        replyToId: messages.replyToId,
        createdAt: messages.createdAt,
        editedAt: messages.editedAt,
        deletedAt: messages.deletedAt,
        pinnedAt: messages.pinnedAt,
      })
      .from(messages)
      .where(and(eq(messages.authorId, userId), ofSpace(messages.organizationId, space), behind([messages.id], after)))
      .orderBy(asc(messages.id))
      .limit(limit),
  );

/** What the person wrote before they edited it. */
export const readVersions = (page: Page) =>
  throughSpaces(page, ({ tx, userId, after, limit }, space) =>
    tx
      .select({
        messageId: messageVersions.messageId,
        version: messageVersions.version,
        organizationId: messages.organizationId,
        body: messageVersions.body,
        at: messageVersions.at,
      })
      .from(messages)
      .innerJoin(messageVersions, eq(messageVersions.messageId, messages.id))
      .where(
        and(
          eq(messages.authorId, userId),
          ofSpace(messages.organizationId, space),
          behind([messageVersions.messageId, messageVersions.version], after),
        ),
      )
      .orderBy(asc(messageVersions.messageId), asc(messageVersions.version))
      .limit(limit),
  );

/** How the person reacted to messages. */
export const readReactions = (page: Page) =>
  throughSpaces(page, ({ tx, userId, after, limit }, space) =>
    tx
      .select({
        messageId: reactions.messageId,
        emoji: reactions.emoji,
        organizationId: reactions.organizationId,
        createdAt: reactions.createdAt,
      })
      .from(reactions)
      .where(
        and(eq(reactions.userId, userId), ofSpace(reactions.organizationId, space), behind([reactions.messageId, reactions.emoji], after)),
      )
      .orderBy(asc(reactions.messageId), asc(reactions.emoji))
      .limit(limit),
  );

/**
 * Makes about so many messages of a person nobody's in the space of the transaction, with all that was kept for their
 * author alone, and takes reactions back; whether some may be left. What was said stays with those who heard it.
 */
export async function orphanMessages(tx: Db, userId: string, space: string, most: number): Promise<boolean> {
  if ((await deleteAtMost(tx, reactions.userId, userId, most)) === most) return true;
  const own = await tx
    .select({ id: messages.id })
    .from(messages)
    .where(and(eq(messages.authorId, userId), ofSpace(messages.organizationId, space)))
    .limit(most);
  if (own.length === 0) return false;
  const ids = own.map(({ id }) => id);
  await tx.delete(messageVersions).where(inArray(messageVersions.messageId, ids));
  await tx
    .update(messages)
    .set({ deletedById: null })
    .where(and(inArray(messages.id, ids), eq(messages.deletedById, userId)));
  await tx.update(messages).set({ authorId: null, clientMessageId: null }).where(inArray(messages.id, ids));
  return own.length === most;
}
