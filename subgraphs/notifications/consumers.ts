import { on } from '@supergraph/platform/consumers';
import { userRegistered, userUpdated } from '@supergraph/schema/events/accounts';
import { notificationRequested, notificationWithdrawn } from '@supergraph/schema/events/notifications';
import { memberAdded, memberRemoved } from '@supergraph/schema/events/organizations';
import type { Context } from './context.ts';
import { noteArrival, noteDeparture } from './service/erase.ts';
import { takeRequest } from './service/take.ts';
import { withdraw } from './service/withdraw.ts';
import { savePerson } from './store/facts.ts';

/** The domain that sent an event stands first in its name. */
const senderOf = ({ name }: { readonly name: string }): string => name.slice(0, name.indexOf('.'));

export const consumers = [
  on(notificationRequested.any, (ctx: Context, tx, event) => takeRequest(ctx, tx, senderOf(event), event.payload)),
  on(notificationWithdrawn.any, (ctx: Context, tx, event) => withdraw(ctx, tx, senderOf(event), event.payload.dedupeKeys)),
  on(userRegistered, (_ctx, tx, { payload: { userId, displayName, version } }) => savePerson(tx, { userId, displayName, version })),
  on(userUpdated, (_ctx, tx, { payload: { userId, displayName, version } }) => savePerson(tx, { userId, displayName, version })),
  on(memberAdded, (_ctx, tx, { payload }) => noteArrival(tx, payload)),
  on(memberRemoved, (ctx: Context, tx, { payload }) => noteDeparture(ctx, tx, payload)),
];
