import { on } from '@supergraph/platform/consumers';
import { asTenant, type Db } from '@supergraph/platform/database';
import { userRegistered, userUpdated } from '@supergraph/schema/events/accounts';
import { memberAdded, memberReinstated, memberRemoved, memberSuspended, memberUpdated } from '@supergraph/schema/events/organizations';
import type { Context } from './context.ts';
import { endPlaces, resumePlaces, suspendPlaces } from './service/membership.ts';
import { saveMember, savePerson } from './store/index.ts';
import { quotas } from './quotas.ts';

type Status = Parameters<typeof saveMember>[1]['status'];
interface Member {
  readonly organizationId: string;
  readonly userId: string;
  readonly epoch: number;
}

/** Notes a membership and, unless something newer is known, does what follows from it. */
const changeMember = (
  tx: Db,
  { organizationId, userId, epoch }: Member,
  status: Status,
  effect?: (tx: Db) => Promise<void>,
): Promise<void> =>
  asTenant(tx, organizationId, async (inner) => {
    if (await saveMember(inner, { organizationId, userId, epoch, status })) await effect?.(inner);
  });

export const consumers = [
  ...quotas.consumers,
  on(userRegistered, async (_ctx, tx, { payload: { userId, handle, displayName, version } }) => {
    await savePerson(tx, { userId, handle: handle.toLowerCase(), displayName, version });
  }),
  on(userUpdated, async (_ctx, tx, { payload: { userId, handle, displayName, version } }) => {
    await savePerson(tx, { userId, handle: handle.toLowerCase(), displayName, version });
  }),
  on(memberAdded, (_ctx, tx, { payload }) => changeMember(tx, payload, 'ACTIVE')),
  on(memberUpdated, (_ctx, tx, { payload }) => changeMember(tx, payload, 'ACTIVE')),
  on(memberSuspended, (ctx: Context, tx, { payload }) =>
    changeMember(tx, payload, 'SUSPENDED', (inner) => suspendPlaces(ctx, inner, payload.userId, payload.organizationId)),
  ),
  on(memberReinstated, (ctx: Context, tx, { payload }) =>
    changeMember(tx, payload, 'ACTIVE', (inner) => resumePlaces(ctx, inner, payload.userId, payload.organizationId)),
  ),
  on(memberRemoved, (ctx: Context, tx, { payload }) =>
    changeMember(tx, payload, 'REMOVED', async (inner) => void (await endPlaces(ctx, inner, payload.userId, payload.organizationId))),
  ),
];
