import { departures, facts, feedLog, heads, notices, people } from '@supergraph/db/notifications/tables';
import type { Db } from '@supergraph/platform/database';
import { behind, type Reading } from '@supergraph/platform/personal-data';
import { deleteInOrder } from '@supergraph/platform/tenant-erasure';
import { and, asc, eq, isNull } from 'drizzle-orm';

type Page = Pick<Reading, 'tx' | 'userId' | 'after' | 'limit'>;

/** The copy of the person's name. */
export const readPerson = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({ userId: people.userId, displayName: people.displayName })
    .from(people)
    .where(and(eq(people.userId, userId), isNull(people.erasedAt), behind([people.userId], after)))
    .limit(limit);

/** The person's notices, in an order that an index has; who caused them is left out. */
export const readNotices = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      id: notices.id,
      seq: notices.seq,
      domain: notices.domain,
      kind: notices.kind,
      category: notices.category,
      urgency: notices.urgency,
      organizationId: notices.organizationId,
      data: notices.data,
      count: notices.count,
      createdAt: notices.createdAt,
      updatedAt: notices.updatedAt,
      seenAt: notices.seenAt,
      readAt: notices.readAt,
      archivedAt: notices.archivedAt,
      snoozedUntil: notices.snoozedUntil,
    })
    .from(notices)
    .where(and(eq(notices.recipientId, userId), behind([notices.category, notices.seq], after)))
    .orderBy(asc(notices.category), asc(notices.seq))
    .limit(limit);

/** The tenants that the person left or came back to. */
export const readDepartures = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({ organizationId: departures.organizationId, gone: departures.gone })
    .from(departures)
    .where(and(eq(departures.userId, userId), behind([departures.organizationId], after)))
    .orderBy(asc(departures.organizationId))
    .limit(limit);

/** Deletes about so many rows of what was told to a person; the head goes last, for it is what changes of the feed lock. */
export const deleteSome = (tx: Db, userId: string, most: number): Promise<boolean> =>
  deleteInOrder(tx, [notices.recipientId, facts.recipientId, feedLog.recipientId, departures.userId, heads.recipientId], userId, most);
