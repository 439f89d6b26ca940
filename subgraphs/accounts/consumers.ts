import { on } from '@supergraph/platform/consumers';
import { memberRemoved, organizationDeleted } from '@supergraph/schema/events/organizations';
import type { Context } from './context.ts';
import { eraseTenant, leaveOrganization } from './service/service-accounts.ts';

export const consumers = [
  on(memberRemoved, (ctx: Context, tx, { payload }) => leaveOrganization(ctx, tx, payload.organizationId, payload.userId)),
  on(organizationDeleted, (ctx: Context, tx, { payload }) => eraseTenant(ctx, tx, payload.organizationId)),
];
