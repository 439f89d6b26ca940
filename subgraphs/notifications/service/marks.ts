import { outbox } from '@supergraph/db/notifications/tables';
import { asPerson, type Db } from '@supergraph/platform/database';
import { badInput, notFound } from '@supergraph/platform/errors';
import { optional, parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { notificationRead } from '@supergraph/schema/events/notifications';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { tellFeeds } from '../feed/hub.ts';
import { listKeys } from '../store/facts.ts';
import { archive, listNotices, markRead, markSeen, type Which } from '../store/notices.ts';
import type { Head, Notice } from '../store/rows.ts';
import { openFeedCursor } from './cursors.ts';
import { Filter, Ids, mostNamed, Subject, toWhich } from './input.ts';
import { type Ledger, withLedger } from './ledger.ts';
import { requireOwner } from './owner.ts';

/** What a change of the viewer's own notices answers. */
export interface Marked {
  readonly notifications: readonly Notice[];
  readonly counts: Head;
}

const batchSize = 1_000;
const keysAtOnce = 500;

const Seen = z.strictObject({ upTo: optional(z.string()) });

const Read = z
  .strictObject({
    ids: optional(Ids),
    upTo: optional(z.string()),
    subject: optional(Subject),
    all: optional(z.boolean()),
    filter: optional(Filter),
  })
  .refine(({ ids, upTo, subject, all }) => [ids, upTo, subject, all || undefined].filter((part) => part !== undefined).length === 1, {
    message: 'give exactly one of ids, upTo, subject and all',
  })
  .refine(({ all, filter }) => all || !filter, { path: ['filter'], message: 'narrows all, and nothing else' });

const Archive = z
  .strictObject({ ids: optional(Ids), filter: optional(Filter) })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), { message: 'give either ids or filter' });

/** Opens the viewer's feed for a change: locked, counted, and told of to whoever listens. */
export async function changingFeed(
  ctx: Context,
  userId: string,
  work: (tx: Db, ledger: Ledger) => Promise<readonly Notice[]>,
): Promise<Marked> {
  const { marked, touched } = await asPerson(ctx.db, userId, async (tx) => {
    let counts: Head | undefined;
    const done = await withLedger(ctx, tx, [userId], async (ledger) => {
      const notifications = await work(tx, ledger);
      counts = ledger.head(userId);
      return notifications;
    });
    return { marked: { notifications: done.result, counts: counts as Head }, touched: done.touched };
  });
  for (const notice of marked.notifications) ctx.loaders.noticeById.clear(notice.id);
  ctx.loaders.headByPerson.clear(userId);
  tellFeeds(ctx, touched);
  return marked;
}

/** Marks the viewer's feed as seen up to a cursor. */
export function markFeedSeen(ctx: Context, input: unknown): Promise<Marked> {
  const { upTo } = parseInput(Seen, input);
  const userId = requireOwner(ctx);
  const which: Which = { place: 'FEED', unseen: true, upTo: placeIn(ctx, userId, upTo) };
  return changingFeed(ctx, userId, (tx, ledger) => changeAll(ctx, { tx, ledger, userId }, which, seeing));
}

/** Marks notices of the viewer as read, and tells the domains that they came from. */
export function markNoticesRead(ctx: Context, input: unknown): Promise<Marked> {
  const { ids, upTo, subject, filter } = parseInput(Read, input);
  const userId = requireOwner(ctx);
  const which = ids ? {} : subject ? { subject } : { ...toWhich(filter), upTo: placeIn(ctx, userId, upTo) };
  return changingFeed(ctx, userId, (tx, ledger) => {
    const open = { tx, ledger, userId };
    return ids ? changeNamed(ctx, open, ids, reading) : changeAll(ctx, open, { ...which, unread: true }, reading);
  });
}

/** Puts notices of the viewer away. */
export function archiveNotices(ctx: Context, input: unknown): Promise<Marked> {
  const { ids, filter } = parseInput(Archive, input);
  const userId = requireOwner(ctx);
  return changingFeed(ctx, userId, async (tx, ledger) => {
    const open = { tx, ledger, userId };
    if (ids) return changeNamed(ctx, open, ids, archiving);
    // What is archived already cannot be archived again, and would be found for ever.
    return filter?.archived ? [] : changeAll(ctx, open, toWhich(filter), archiving);
  });
}

/** The viewer's notice of this id; NOT_FOUND when it is unknown or somebody else's. */
export async function requireNotice(tx: Db, userId: string, id: string): Promise<Notice> {
  const [notice] = await listNotices(tx, userId, { ids: [id] }, 1);
  if (!notice) throw notFound('Notification');
  return notice;
}

function placeIn(ctx: Context, userId: string, cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const seq = openFeedCursor(ctx, userId, cursor);
  if (seq === undefined) throw badInput([{ path: 'upTo', message: 'is no cursor of this feed' }]);
  return seq;
}

interface OpenFeed {
  readonly tx: Db;
  readonly ledger: Ledger;
  readonly userId: string;
}

interface Change {
  readonly needed: (notice: Notice) => boolean;
  readonly apply: (notice: Notice, now: Date) => Notice;
  readonly store: (tx: Db, userId: string, ids: readonly string[], now: Date) => Promise<void>;
  readonly tell?: (ctx: Context, feed: OpenFeed, ids: readonly string[]) => Promise<void>;
}

const seeing: Change = {
  needed: ({ seenAt }) => seenAt === null,
  apply: (notice, now) => ({ ...notice, seenAt: now }),
  store: markSeen,
};
const reading: Change = {
  needed: ({ readAt }) => readAt === null,
  apply: (notice, now) => ({ ...notice, seenAt: notice.seenAt ?? now, readAt: now, groupOpen: false }),
  store: markRead,
  tell: tellRead,
};
const archiving: Change = {
  needed: ({ archivedAt }) => archivedAt === null,
  apply: (notice, now) => ({ ...notice, archivedAt: now, snoozedUntil: null, groupOpen: false }),
  store: archive,
};

/** Changes named notices, or none when one of them is not the viewer's; gives back all of them, the newest first. */
async function changeNamed(ctx: Context, feed: OpenFeed, ids: readonly string[], change: Change): Promise<Notice[]> {
  const rows = await listNotices(feed.tx, feed.userId, { ids }, ids.length);
  if (rows.length < ids.length) throw notFound('Notification');
  const changed = await changeRows(ctx, feed, rows.filter(change.needed), change);
  for (const { id } of changed) feed.ledger.log(feed.userId, 'UPDATED', id);
  const byId = new Map(changed.map((notice) => [notice.id, notice]));
  return rows.map((notice) => byId.get(notice.id) ?? notice);
}

/** Changes everything that fits, in parts; gives back the first hundred. Few are logged one by one, many as one. */
async function changeAll(ctx: Context, feed: OpenFeed, which: Which, change: Change): Promise<Notice[]> {
  const first: Notice[] = [];
  let total = 0;
  for (;;) {
    const rows = await listNotices(feed.tx, feed.userId, which, batchSize);
    const changed = await changeRows(ctx, feed, rows, change);
    total += changed.length;
    first.push(...changed.slice(0, mostNamed - first.length));
    if (rows.length < batchSize) break;
  }
  if (total > mostNamed) feed.ledger.log(feed.userId, 'COUNTS', null);
  else for (const { id } of first) feed.ledger.log(feed.userId, 'UPDATED', id);
  return first;
}

async function changeRows(ctx: Context, feed: OpenFeed, rows: readonly Notice[], change: Change): Promise<Notice[]> {
  if (rows.length === 0) return [];
  const now = ctx.now();
  const ids = rows.map(({ id }) => id);
  const changed = rows.map((notice) => {
    const next = change.apply(notice, now);
    feed.ledger.count(feed.userId, notice, next);
    return next;
  });
  await change.store(feed.tx, feed.userId, ids, now);
  await change.tell?.(ctx, feed, ids);
  return changed;
}

/** Tells the senders that their facts were read; no event names more than a few hundred. */
async function tellRead(ctx: Context, { tx, userId }: OpenFeed, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += keysAtOnce) {
    const notificationIds = ids.slice(from, from + keysAtOnce);
    const dedupeKeys = await listKeys(tx, userId, notificationIds);
    await emit(ctx, tx, outbox, notificationRead, { userId, notificationIds, dedupeKeys }, { organizationId: null });
  }
}
