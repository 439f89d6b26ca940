import { on } from '@supergraph/platform/consumers';
import { memberRemoved } from '@supergraph/schema/events/organizations';
import type { Context } from './context.ts';
import { leaveOrganization } from './service/service-accounts.ts';

export const consumers = [
  on(memberRemoved, (ctx: Context, tx, { payload }) => leaveOrganization(ctx, tx, payload.organizationId, payload.userId)),
];
