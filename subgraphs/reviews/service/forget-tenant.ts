import { outbox } from '@supergraph/db/reviews/tables';
import { asTenant, type Db } from '@supergraph/platform/database';
import { emit } from '@supergraph/platform/outbox';
import { tenantErased } from '@supergraph/schema/events/platform';
import type { Context } from '../context.ts';
import { deleteMembersOf, deletePolicy, deleteSubjectsOf } from '../store/register.ts';
import { eraseSeller } from '../store/reviews.ts';

/** Erases all that hangs from a deleted organization and says so. */
export async function forgetTenant(ctx: Context, tx: Db, organizationId: string): Promise<void> {
  const subjectIds = await deleteSubjectsOf(tx, organizationId);
  await eraseSeller(tx, organizationId, subjectIds);
  await deleteMembersOf(tx, organizationId);
  await asTenant(tx, organizationId, (inside) => deletePolicy(inside, organizationId));
  await emit(ctx, tx, outbox, tenantErased.of('reviews'), { organizationId }, { organizationId });
}
