import type { Db } from '@supergraph/platform/database';
import { eraseTenant, upsertSeller } from '../store/tenants.ts';

/** Takes over an organization's currency; stock that has a value keeps the currency in which it was valued. */
export const registerSeller = (tx: Db, seller: { organizationId: string; currency: string; version: number }): Promise<void> =>
  upsertSeller(tx, seller);

/** Removes rows of a deleted tenant; whether some may be left. */
export const forgetTenant = (_ctx: unknown, tx: Db, organizationId: string, most: number): Promise<boolean> =>
  eraseTenant(tx, organizationId, most);
