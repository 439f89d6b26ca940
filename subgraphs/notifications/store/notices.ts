import { notices } from '@supergraph/db/notifications/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, asc, desc, eq, gt, inArray, isNotNull, isNull, lte, notInArray, type SQL, sql } from 'drizzle-orm';
import type { Notice } from './rows.ts';

/** Which of a person's notices; every part that is given must fit. */
export interface Which {
  readonly place?: 'FEED' | 'ARCHIVED' | 'SNOOZED' | 'FEED_OR_SNOOZED' | undefined;
  readonly unread?: boolean | undefined;
  readonly unseen?: boolean | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly organizationId?: string | undefined;
  readonly subject?: { readonly type: string; readonly id: string } | undefined;
  readonly upTo?: number | undefined;
  readonly ids?: readonly string[] | undefined;
}

const places: Readonly<Record<NonNullable<Which['place']>, SQL | undefined>> = {
  FEED: and(isNull(notices.archivedAt), isNull(notices.snoozedUntil)),
  ARCHIVED: isNotNull(notices.archivedAt),
  SNOOZED: isNotNull(notices.snoozedUntil),
  FEED_OR_SNOOZED: isNull(notices.archivedAt),
};

const fitting = (recipientId: string, which: Which): SQL | undefined =>
  and(
    eq(notices.recipientId, recipientId),
    which.place && places[which.place],
    which.unread ? isNull(notices.readAt) : undefined,
    which.unseen ? isNull(notices.seenAt) : undefined,
    which.categories && inArray(notices.category, [...which.categories]),
    which.organizationId ? eq(notices.organizationId, which.organizationId) : undefined,
    which.subject && and(eq(notices.subjectType, which.subject.type), eq(notices.subjectId, which.subject.id)),
    which.upTo === undefined ? undefined : lte(notices.seq, which.upTo),
    which.ids && inArray(notices.id, [...which.ids]),
  );

/** A page of a person's notices, the newest change first. */
export function pageOfNotices(db: Db, page: Page, recipientId: string, which: Which): Promise<Notice[]> {
  const { where, orderBy } = keyset(page, [{ column: notices.seq, direction: 'DESC', type: 'bigint' }]);
  return db
    .select()
    .from(notices)
    .where(and(fitting(recipientId, which), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** A person's notices that fit, the newest change first. */
export const listNotices = (db: Db, recipientId: string, which: Which, limit: number): Promise<Notice[]> =>
  db.select().from(notices).where(fitting(recipientId, which)).orderBy(desc(notices.seq)).limit(limit);

/** Notices by id, whoever's they are among those that the transaction may see. */
export const findNotices = (db: Db, ids: readonly string[]): Promise<Notice[]> =>
  db
    .select()
    .from(notices)
    .where(inArray(notices.id, [...ids]));

/** The notices that further events of a group join, of these people. */
export const findOpenGroups = (tx: Db, recipientIds: readonly string[], domain: string, groupKey: string): Promise<Notice[]> =>
  tx
    .select()
    .from(notices)
    .where(
      and(
        inArray(notices.recipientId, [...recipientIds]),
        eq(notices.domain, domain),
        eq(notices.groupKey, groupKey),
        eq(notices.groupOpen, true),
      ),
    );

/** The new row's values; the statement is written out, because no name in SQL is ever made of a variable. */
const excluded = {
  seq: sql`excluded.seq`,
  domain: sql`excluded.domain`,
  kind: sql`excluded.kind`,
  category: sql`excluded.category`,
  urgency: sql`excluded.urgency`,
  organizationId: sql`excluded.organization_id`,
  data: sql`excluded.data`,
  actorIds: sql`excluded.actor_ids`,
  subjectType: sql`excluded.subject_type`,
  subjectId: sql`excluded.subject_id`,
  groupKey: sql`excluded.group_key`,
  groupOpen: sql`excluded.group_open`,
  count: sql`excluded.count`,
  updatedAt: sql`excluded.updated_at`,
  seenAt: sql`excluded.seen_at`,
  readAt: sql`excluded.read_at`,
  archivedAt: sql`excluded.archived_at`,
  snoozedUntil: sql`excluded.snoozed_until`,
  expiresAt: sql`excluded.expires_at`,
  strippedAt: sql`excluded.stripped_at`,
};

/** Writes whole notices, new ones and changed ones. */
export async function saveNotices(tx: Db, rows: readonly Notice[]): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .insert(notices)
    .values([...rows])
    .onConflictDoUpdate({ target: notices.id, set: excluded });
}

/** Marks a person's notices as seen. */
export async function markSeen(tx: Db, recipientId: string, ids: readonly string[], at: Date): Promise<void> {
  await tx
    .update(notices)
    .set({ seenAt: at })
    .where(fitting(recipientId, { ids, unseen: true }));
}

/** Marks a person's notices as read, and so as seen; what follows in their groups begins anew. */
export async function markRead(tx: Db, recipientId: string, ids: readonly string[], at: Date): Promise<void> {
  await markSeen(tx, recipientId, ids, at);
  await tx
    .update(notices)
    .set({ readAt: at, groupOpen: false })
    .where(fitting(recipientId, { ids, unread: true }));
}

/** Puts a person's notices away. */
export async function archive(tx: Db, recipientId: string, ids: readonly string[], at: Date): Promise<void> {
  await tx.update(notices).set({ archivedAt: at, snoozedUntil: null, groupOpen: false }).where(fitting(recipientId, { ids }));
}

/** Removes notices. */
export async function deleteNotices(tx: Db, recipientIds: readonly string[], ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.delete(notices).where(and(inArray(notices.recipientId, [...recipientIds]), inArray(notices.id, [...ids])));
}

/** Takes the words of a person's notices of a tenant away, but for kinds that outlive the membership; gives back their ids. */
export async function stripNotices(
  tx: Db,
  recipientId: string,
  organizationId: string,
  { at, except }: { at: Date; except: readonly string[] },
): Promise<string[]> {
  const rows = await tx
    .update(notices)
    .set({ strippedAt: at, data: {}, groupOpen: false })
    .where(
      and(
        eq(notices.recipientId, recipientId),
        eq(notices.organizationId, organizationId),
        isNull(notices.strippedAt),
        notInArray(sql`${notices.domain} || '.' || ${notices.kind}`, [...except]),
      ),
    )
    .returning({ id: notices.id });
  return rows.map(({ id }) => id);
}

/** Who has notices of the tenant whose door is open, in the order of their ids. */
export async function listTenantRecipients(tx: Db, organizationId: string, behind: string | null, limit: number): Promise<string[]> {
  const rows = await tx
    .selectDistinct({ recipientId: notices.recipientId })
    .from(notices)
    .where(and(eq(notices.organizationId, organizationId), behind === null ? undefined : gt(notices.recipientId, behind)))
    .orderBy(asc(notices.recipientId))
    .limit(limit);
  return rows.map(({ recipientId }) => recipientId);
}

/** These people's notices of a tenant. */
export const listOfTenant = (tx: Db, organizationId: string, recipientIds: readonly string[], limit: number): Promise<Notice[]> =>
  tx
    .select()
    .from(notices)
    .where(and(eq(notices.organizationId, organizationId), inArray(notices.recipientId, [...recipientIds])))
    .orderBy(asc(notices.recipientId), asc(notices.seq))
    .limit(limit);

/** Whether a person has any notice. */
export async function hasNotices(db: Db, recipientId: string): Promise<boolean> {
  const rows = await db.select({ id: notices.id }).from(notices).where(eq(notices.recipientId, recipientId)).limit(1);
  return rows.length > 0;
}
