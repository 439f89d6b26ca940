import { asPerson, asTenant, type Db } from '@supergraph/platform/database';
import { outlivingKinds } from '../catalogue.ts';
import type { Context } from '../context.ts';
import { tellFeeds } from '../feed/hub.ts';
import { deleteDeparturesOf, saveDeparture, stripFacts } from '../store/facts.ts';
import { deleteNotices, listOfTenant, listTenantRecipients, stripNotices } from '../store/notices.ts';
import { asRecipients } from '../store/rows.ts';
import { withLedger } from './ledger.ts';

const atOnce = 100;
const batchSize = 1_000;

interface Membership {
  readonly organizationId: string;
  readonly userId: string;
  readonly epoch: number;
}

/** Notes that a person is a member (again). */
export async function noteArrival(tx: Db, { organizationId, userId, epoch }: Membership): Promise<void> {
  await asTenant(tx, organizationId, (inner) => saveDeparture(inner, { organizationId, userId, epoch, gone: false }));
}

/** Who left a tenant gets nothing more from it, and what they have of it loses its words. */
export async function noteDeparture(ctx: Context, tx: Db, { organizationId, userId, epoch }: Membership): Promise<void> {
  const news = await asTenant(tx, organizationId, (inner) => saveDeparture(inner, { organizationId, userId, epoch, gone: true }));
  if (!news) return;
  const touched = await asPerson(tx, userId, async (inner) => {
    const done = await withLedger(ctx, inner, [userId], async (ledger) => {
      const ids = await stripNotices(inner, userId, organizationId, { at: ctx.now(), except: outlivingKinds });
      if (ids.length === 0) return;
      await stripFacts(inner, [userId], ids);
      if (ids.length > atOnce) ledger.log(userId, 'COUNTS', null);
      else for (const id of ids) ledger.log(userId, 'UPDATED', id);
    });
    return done.touched;
  });
  tellFeeds(ctx, touched);
}

/**
 * Removes notices of a deleted tenant from the feeds of some people; counts follow. Keys of facts stay, for they must
 * not come again. Whether some may be left.
 */
export async function forgetTenant(ctx: Context, tx: Db, organizationId: string): Promise<boolean> {
  const recipientIds = await listTenantRecipients(tx, organizationId, null, atOnce);
  if (recipientIds.length > 0) {
    await removeFrom(ctx, tx, organizationId, recipientIds);
    return true;
  }
  await deleteDeparturesOf(tx, organizationId);
  return false;
}

async function removeFrom(ctx: Context, tx: Db, organizationId: string, recipientIds: readonly string[]): Promise<void> {
  const touched = await asRecipients(tx, recipientIds, async (open) => {
    const done = await withLedger(ctx, open, recipientIds, async (ledger) => {
      const rows = await listOfTenant(open, organizationId, recipientIds, batchSize);
      for (const notice of rows) {
        ledger.count(notice.recipientId, notice, null);
        ledger.log(notice.recipientId, 'REMOVED', notice.id);
      }
      const ids = rows.map(({ id }) => id);
      await stripFacts(open, recipientIds, ids);
      await deleteNotices(open, recipientIds, ids);
    });
    return done.touched;
  });
  tellFeeds(ctx, touched);
}
