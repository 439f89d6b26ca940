import { on } from '@supergraph/platform/consumers';
import { asTenant } from '@supergraph/platform/database';
import { variantArchived, variantChanged, variantCreated } from '@supergraph/schema/events/catalog';
import { organizationCreated, organizationUpdated } from '@supergraph/schema/events/organizations';
import { registerVariant } from './service/register.ts';
import { registerSeller } from './service/tenants.ts';

export const consumers = [
  ...[variantCreated, variantChanged].map((contract) =>
    on(contract, (ctx, tx, { payload }) => asTenant(tx, payload.sellerId, (inner) => registerVariant(ctx, inner, payload))),
  ),
  on(variantArchived, (ctx, tx, { payload }) =>
    asTenant(tx, payload.sellerId, (inner) => registerVariant(ctx, inner, payload, { archived: true })),
  ),
  ...[organizationCreated, organizationUpdated].map((contract) =>
    on(contract, (_ctx, tx, { payload: { organizationId, currency, version } }) =>
      asTenant(tx, organizationId, (inner) => registerSeller(inner, { organizationId, currency, version })),
    ),
  ),
];
