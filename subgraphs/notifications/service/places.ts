import { asPerson, type Db } from '@supergraph/platform/database';
import { idInput, parseInput } from '@supergraph/platform/input';
import { defineWorker } from '@supergraph/platform/workers';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { tellFeeds } from '../feed/hub.ts';
import { longestSnoozeMs } from '../policy.ts';
import { findOpenGroups, listNotices, saveNotices } from '../store/notices.ts';
import type { Notice } from '../store/rows.ts';
import { withLedger } from './ledger.ts';
import { changingFeed, type Marked, requireNotice } from './marks.ts';
import { requireOwner } from './owner.ts';

const One = z.strictObject({ id: idInput });

const Snooze = (now: Date) =>
  z.strictObject({
    id: idInput,
    until: z
      .date()
      .refine((until) => until > now, 'must be in the future')
      .refine((until) => until.getTime() <= now.getTime() + longestSnoozeMs, 'must be at most a year from now'),
  });

const Waking = z.strictObject({ userId: z.uuid(), notificationId: z.uuid(), until: z.iso.datetime() });

/** Brings a snoozed notice back when its time has come. */
export const wakeWorker = defineWorker<z.output<typeof Waking>, Context['loaders']>({
  name: 'wake-snoozed',
  data: Waking,
  run: wake,
});

/** Marks a notice of the viewer as unread again. */
export const markNoticeUnread = (ctx: Context, input: unknown): Promise<Marked> =>
  changeOne(ctx, input, async (tx, notice) =>
    notice.readAt === null ? notice : reopened(tx, { ...notice, readAt: null, groupOpen: false }),
  );

/** Brings an archived notice of the viewer back. */
export const unarchiveNotice = (ctx: Context, input: unknown): Promise<Marked> =>
  changeOne(ctx, input, async (tx, notice) =>
    notice.archivedAt === null ? notice : reopened(tx, { ...notice, archivedAt: null, groupOpen: false }),
  );

/** Takes a notice of the viewer out of sight until a moment. */
export async function snoozeNotice(ctx: Context, input: unknown): Promise<Marked> {
  const { id, until } = parseInput(Snooze(ctx.now()), input);
  const userId = requireOwner(ctx);
  return changingFeed(ctx, userId, async (tx, ledger) => {
    const notice = await requireNotice(tx, userId, id);
    const next = { ...notice, archivedAt: null, snoozedUntil: until };
    ledger.count(userId, notice, next);
    ledger.log(userId, 'UPDATED', id);
    await saveNotices(tx, [next]);
    await wakeAt(ctx, tx, next);
    return [next];
  });
}

async function changeOne(ctx: Context, input: unknown, change: (tx: Db, notice: Notice) => Promise<Notice>): Promise<Marked> {
  const { id } = parseInput(One, input);
  const userId = requireOwner(ctx);
  return changingFeed(ctx, userId, async (tx, ledger) => {
    const notice = await requireNotice(tx, userId, id);
    const next = await change(tx, notice);
    if (next === notice) return [notice];
    ledger.count(userId, notice, next);
    ledger.log(userId, 'UPDATED', id);
    await saveNotices(tx, [next]);
    return [next];
  });
}

/** An unread notice in the feed takes further events of its group again, unless a newer one does. */
async function reopened(tx: Db, notice: Notice): Promise<Notice> {
  const { recipientId, domain, groupKey, readAt, archivedAt, strippedAt, id } = notice;
  if (groupKey === null || readAt !== null || archivedAt !== null || strippedAt !== null) return notice;
  const others = await findOpenGroups(tx, [recipientId], domain, groupKey);
  return { ...notice, groupOpen: others.every((other) => other.id === id) };
}

function wakeAt(ctx: Context, tx: Db, { id, recipientId, snoozedUntil }: Notice): Promise<void> {
  if (!snoozedUntil) return Promise.resolve();
  // Work starts with the precision of a second, and must not come before the moment that was asked for.
  const startAfter = new Date(Math.ceil(snoozedUntil.getTime() / 1_000) * 1_000);
  const until = snoozedUntil.toISOString();
  return ctx.workers.enqueue(tx, wakeWorker, { userId: recipientId, notificationId: id, until }, { startAfter });
}

async function wake(ctx: Context, { userId, notificationId: id, until }: z.output<typeof Waking>): Promise<void> {
  const touched = await asPerson(ctx.db, userId, async (tx) => {
    const done = await withLedger(ctx, tx, [userId], async (ledger) => {
      const [notice] = await listNotices(tx, userId, { ids: [id] }, 1);
      // Removed, archived or snoozed anew in the meantime; a new snooze has a worker of its own.
      if (notice?.snoozedUntil?.toISOString() !== until) return;
      // The clock that starts work may go ahead of this one.
      if (notice.snoozedUntil > ctx.now()) return wakeAt(ctx, tx, notice);
      const back = { ...notice, snoozedUntil: null, seenAt: null, readAt: null, updatedAt: ctx.now() };
      const next = { ...(await reopened(tx, back)), seq: ledger.log(userId, 'UPDATED', id) };
      ledger.count(userId, notice, next);
      await saveNotices(tx, [next]);
    });
    return done.touched;
  });
  tellFeeds(ctx, touched);
}
