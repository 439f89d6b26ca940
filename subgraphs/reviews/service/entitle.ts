import type { Db } from '@supergraph/platform/database';
import type { Context } from '../context.ts';
import { insertEntitlement } from '../store/register.ts';
import { findAspectRatings, lockPerson, updateReview } from '../store/reviews.ts';
import type { Entitlement } from '../store/rows.ts';
import { contributionOf, moveRating } from './rating.ts';

/** Notes that a person received a thing: their review of it is verified, also one written before, and stays so. */
export async function entitle(ctx: Context, tx: Db, entitlement: Entitlement): Promise<void> {
  await lockPerson(tx, entitlement.userId);
  const review = await insertEntitlement(tx, entitlement);
  if (!review) return;
  const aspects = await findAspectRatings(tx, review.id);
  const changed = await updateReview(tx, review.id, { verified: true });
  await moveRating(ctx, tx, review, contributionOf(review, aspects), contributionOf(changed, aspects));
}
