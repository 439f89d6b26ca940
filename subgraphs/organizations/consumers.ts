import { asPerson, asTenant, type Db } from '@supergraph/platform/database';
import { on } from '@supergraph/platform/consumers';
import {
  serviceAccountCreated,
  userEmailChanged,
  userRegistered,
  userReinstated,
  userSuspended,
  userUpdated,
} from '@supergraph/schema/events/accounts';
import { tenantErased, tenantRowsKept, usageReported } from '@supergraph/schema/events/platform';
import type { Context } from './context.ts';
import { joinByAddress } from './service/domain-joining.ts';
import { hearErased } from './service/erasure.ts';
import { replaceLostOwner, welcomeOwnerBack } from './service/owners.ts';
import { hearUsage } from './service/quotas.ts';
import { welcomeServiceAccount } from './service/service-accounts.ts';
import { listOtherwiseNamed, listTenantsOf, renameMembership } from './store/memberships.ts';
import { ledger } from './store/erasures.ts';
import { foldAddress, setAccountStatus, upsertPerson } from './store/people.ts';

/** The tenants are taken in the order of their ids, so that two events never wait for each other. */
async function tenantIdsOf(tx: Db, userId: string): Promise<string[]> {
  const tenants = await asPerson(tx, userId, (own) => listTenantsOf(own, userId));
  return tenants.map(({ organizationId }) => organizationId).toSorted();
}

/** Gives a person's memberships the name that they are called by now, in the order of the tenants' ids. */
async function rename(tx: Db, userId: string, name: string): Promise<void> {
  const outdated = await asPerson(tx, userId, (own) => listOtherwiseNamed(own, userId, name));
  for (const membership of outdated.toSorted((one, other) => (one.organizationId < other.organizationId ? -1 : 1)))
    await asTenant(tx, membership.organizationId, (own) => renameMembership(own, membership, name));
}

/** The domain that sent an event stands first in its name. */
const senderOf = ({ name }: { readonly name: string }): string => name.slice(0, name.indexOf('.'));

export const consumers = [
  on(serviceAccountCreated, (ctx, tx, { payload, actorId }) => welcomeServiceAccount(ctx, tx, payload, actorId)),
  on(tenantRowsKept.any, (ctx, tx, { payload }) => ledger.noteKeeper(tx, payload.domain, ctx.now())),
  on(tenantErased.any, (ctx: Context, tx, event) => hearErased(ctx, tx, event.payload.organizationId, senderOf(event))),
  on(usageReported.any, (ctx, tx, event) =>
    hearUsage(ctx, tx, { ...event.payload, domain: senderOf(event), countedAt: new Date(event.occurredAt) }),
  ),
  on(userRegistered, async (ctx, tx, { payload }) => {
    const { userId, version, kind, handle, displayName, email, locale } = payload;
    const emailFold = email === null ? null : foldAddress(email);
    const isNews = await upsertPerson(tx, userId, version, { kind, handle, displayName, emailFold, locale });
    if (isNews) await rename(tx, userId, displayName);
    if (isNews && emailFold !== null) await joinByAddress(ctx, tx, { userId, emailFold });
  }),
  on(userUpdated, async (_ctx, tx, { payload }) => {
    const { userId, version, handle, displayName, locale } = payload;
    if (await upsertPerson(tx, userId, version, { handle, displayName, locale })) await rename(tx, userId, displayName);
  }),
  on(userEmailChanged, async (ctx, tx, { payload: { userId, version, email } }) => {
    const emailFold = foldAddress(email);
    // An address that is theirs no more opens nothing.
    if (await upsertPerson(tx, userId, version, { emailFold })) await joinByAddress(ctx, tx, { userId, emailFold });
  }),
  on(userSuspended, async (ctx, tx, { payload }) => {
    await setAccountStatus(tx, payload.userId, 'SUSPENDED');
    for (const organizationId of await tenantIdsOf(tx, payload.userId)) await replaceLostOwner(ctx, tx, organizationId, payload.userId);
  }),
  on(userReinstated, async (ctx, tx, { payload }) => {
    await setAccountStatus(tx, payload.userId, 'ACTIVE');
    for (const organizationId of await tenantIdsOf(tx, payload.userId)) await welcomeOwnerBack(ctx, tx, organizationId, payload.userId);
  }),
];
