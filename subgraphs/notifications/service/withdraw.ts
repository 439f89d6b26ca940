import type { Db } from '@supergraph/platform/database';
import type { Context } from '../context.ts';
import { tellFeeds } from '../feed/hub.ts';
import { leading, mostActors } from '../policy.ts';
import { insertWithdrawals, listContents, listTold, lockFacts, withdrawFacts } from '../store/facts.ts';
import { deleteNotices, findNotices, saveNotices } from '../store/notices.ts';
import { asRecipients, type Notice } from '../store/rows.ts';
import { type Ledger, withLedger } from './ledger.ts';
import { spoken } from './take.ts';

const atOnce = 500;

/** Takes facts back: their notices disappear, and those of several facts say one less. */
export async function withdraw(ctx: Context, tx: Db, domain: string, dedupeKeys: readonly string[]): Promise<void> {
  await lockFacts(tx, domain, dedupeKeys);
  await insertWithdrawals(tx, domain, dedupeKeys, ctx.now());
  for (let behind: string | null = null; ;) {
    const recipientIds: string[] = await listTold(tx, domain, dedupeKeys, { behind, limit: atOnce });
    if (recipientIds.length === 0) return;
    const touched = await asRecipients(tx, recipientIds, async (open) => {
      const done = await withLedger(ctx, open, recipientIds, (ledger) => untell(ctx, open, ledger, { domain, dedupeKeys, recipientIds }));
      return done.touched;
    });
    tellFeeds(ctx, touched);
    behind = recipientIds.at(-1) ?? null;
  }
}

interface Untelling {
  readonly domain: string;
  readonly dedupeKeys: readonly string[];
  readonly recipientIds: readonly string[];
}

async function untell(ctx: Context, tx: Db, ledger: Ledger, { domain, dedupeKeys, recipientIds }: Untelling): Promise<void> {
  const gone = await withdrawFacts(tx, domain, dedupeKeys, recipientIds, ctx.now());
  const fewer = new Map<string, number>();
  for (const { notificationId } of gone) fewer.set(notificationId, (fewer.get(notificationId) ?? 0) + 1);
  const rows = await findNotices(tx, [...fewer.keys()]);
  const left = (notice: Notice) => notice.count - (fewer.get(notice.id) ?? 0);
  const removed = rows.filter((notice) => left(notice) <= 0);
  const kept = rows.filter((notice) => left(notice) > 0);
  const contents = await listContents(
    tx,
    recipientIds,
    kept.map(({ id }) => id),
    mostActors,
  );
  for (const notice of removed) {
    ledger.count(notice.recipientId, notice, null);
    ledger.log(notice.recipientId, 'REMOVED', notice.id);
  }
  const changed = kept.map((notice) => {
    const speaking = leading(contents.get(notice.id) ?? []);
    const actors = (contents.get(notice.id) ?? []).flatMap(({ actorId }) => actorId ?? []);
    const next = {
      ...notice,
      count: left(notice),
      // Where the words were taken away there is nothing to go back to.
      ...(speaking && { ...spoken(notice.domain, speaking), actorIds: [...new Set(actors)] }),
    };
    ledger.count(notice.recipientId, notice, next);
    ledger.log(notice.recipientId, 'UPDATED', notice.id);
    return next;
  });
  await deleteNotices(
    tx,
    recipientIds,
    removed.map(({ id }) => id),
  );
  await saveNotices(tx, changed);
}
