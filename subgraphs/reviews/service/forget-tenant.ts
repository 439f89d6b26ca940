import type { Db } from '@supergraph/platform/database';
import { deletePolicy, deleteSubjectsOf } from '../store/register.ts';
import { eraseSeller, eraseSummaries } from '../store/reviews.ts';

/** Erases about so many rows of what hangs from a deleted organization; whether some may be left. */
export async function forgetTenant(_ctx: unknown, tx: Db, organizationId: string, most: number): Promise<boolean> {
  if (await eraseSeller(tx, organizationId, most)) return true;
  const subjectIds = await deleteSubjectsOf(tx, organizationId, most);
  await eraseSummaries(tx, [...subjectIds, organizationId]);
  if (subjectIds.length === most) return true;
  await deletePolicy(tx, organizationId);
  return false;
}
