import { on } from '@supergraph/platform/consumers';
import { memberRemoved } from '@supergraph/schema/events/organizations';
import { personalDataKept, personErased } from '@supergraph/schema/events/platform';
import type { Context } from './context.ts';
import { leaveOrganization } from './service/service-accounts.ts';
import { ledger } from './store/personal-data.ts';

/** The domain that sent an event stands first in its name. */
const senderOf = ({ name }: { readonly name: string }): string => name.slice(0, name.indexOf('.'));

export const consumers = [
  on(personalDataKept.any, (ctx: Context, tx, { payload }) => ledger.noteKeeper(tx, payload.domain, ctx.now())),
  on(personErased.any, (ctx: Context, tx, event) => ledger.close(tx, event.payload.userId, senderOf(event), ctx.now())),
  on(memberRemoved, (ctx: Context, tx, { payload }) => leaveOrganization(ctx, tx, payload.organizationId, payload.userId)),
];
