import type { Db } from '@supergraph/platform/database';
import { tenantErased } from '@supergraph/schema/events/platform';
import { eraseTenant, upsertSeller } from '../store/tenants.ts';
import { type SystemContext, tell } from './telling.ts';

/** Takes over an organization's currency; stock that has a value keeps the currency in which it was valued. */
export const registerSeller = (tx: Db, seller: { organizationId: string; currency: string; version: number }): Promise<void> =>
  upsertSeller(tx, seller);

/** Removes everything of a tenant and says so. */
export async function forgetTenant(ctx: SystemContext, tx: Db, organizationId: string): Promise<void> {
  await eraseTenant(tx, organizationId);
  await tell(ctx, tx, organizationId, tenantErased.of('inventory'), { organizationId });
}
