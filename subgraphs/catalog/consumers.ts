import type { RequestContext } from '@supergraph/platform/context';
import { on } from '@supergraph/platform/consumers';
import { asTenant, type Db } from '@supergraph/platform/database';
import { stockDepleted, stockReplenished } from '@supergraph/schema/events/inventory';
import {
  organizationArchived,
  organizationReinstated,
  organizationRestored,
  organizationSuspended,
} from '@supergraph/schema/events/organizations';
import { ratingUpdated } from '@supergraph/schema/events/reviews';
import { quotas } from './quotas.ts';
import { applyRating, applyStock, hearOfSeller } from './service/consuming.ts';

type Ctx = RequestContext<never>;
const hear =
  (change: Parameters<typeof hearOfSeller>[2]) => (ctx: Ctx, tx: Db, event: { occurredAt: string; payload: { organizationId: string } }) =>
    asTenant(tx, event.payload.organizationId, (scoped) =>
      hearOfSeller(ctx, scoped, change, event.payload.organizationId, new Date(event.occurredAt)),
    );

export const consumers = [
  ...quotas.consumers,
  on(organizationSuspended, hear({ suspended: true })),
  on(organizationReinstated, hear({ suspended: false })),
  on(organizationArchived, hear({ archived: true })),
  on(organizationRestored, hear({ archived: false })),
  on(stockDepleted, (_ctx: Ctx, tx, { payload }) => asTenant(tx, payload.sellerId, (scoped) => applyStock(scoped, payload, false))),
  on(stockReplenished, (_ctx: Ctx, tx, { payload }) => asTenant(tx, payload.sellerId, (scoped) => applyStock(scoped, payload, true))),
  on(ratingUpdated, (_ctx: Ctx, tx, { payload }) => applyRating(tx, payload)),
];
