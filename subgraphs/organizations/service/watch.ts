import { reaches, requireViewer } from '@supergraph/platform/context';
import { asPerson, asTenant } from '@supergraph/platform/database';
import { notFound } from '@supergraph/platform/errors';
import { idInput } from '@supergraph/platform/input';
import {
  memberAdded,
  memberReinstated,
  memberRemoved,
  memberSuspended,
  memberUpdated,
  organizationArchived,
  organizationDeleted,
  organizationReinstated,
  organizationRestored,
  organizationSuspended,
  organizationUpdated,
  roleDeleted,
  roleUpdated,
} from '@supergraph/schema/events/organizations';
import type { Context } from '../context.ts';
import { findContext, findMemberOf, listTenantsOf, type Member } from '../store/memberships.ts';
import { findOrganizations, type Organization } from '../store/organizations.ts';
import { forgetLoaded } from './tenant.ts';

/** Several streams as one, open from now on; all end together. */
function merge<Item>(open: (signal: AbortSignal) => AsyncGenerator<Item, void>[], ended: AbortSignal): AsyncGenerator<Item, void> {
  const stop = new AbortController();
  return readAll(open(AbortSignal.any([ended, stop.signal])), stop);
}

async function* readAll<Item>(sources: readonly AsyncGenerator<Item, void>[], stop: AbortController): AsyncGenerator<Item, void> {
  const nextOf = async (source: AsyncGenerator<Item, void>) => ({ source, result: await source.next() });
  const waiting = new Map(sources.map((source) => [source, nextOf(source)]));
  try {
    while (waiting.size > 0) {
      const { source, result } = await Promise.race(waiting.values());
      if (result.done) {
        waiting.delete(source);
        continue;
      }
      waiting.set(source, nextOf(source));
      yield result.value;
    }
  } finally {
    // Sources that wait for their next item cannot be returned; the signal ends them.
    stop.abort();
  }
}

interface Change {
  readonly payload: { readonly organizationId: string; readonly membershipId?: string };
}

/** The viewer's own memberships, whenever one begins, changes or ends. */
export async function watchMemberships(ctx: Context): Promise<AsyncGenerator<Member, void>> {
  const { userId } = requireViewer(ctx);
  /** The viewer's live membership of each tenant: a role's change reaches its members without naming them. */
  const mine = new Map<string, string>();
  const own = (event: { readonly userId: string; readonly organizationId: string }) =>
    event.userId === userId && reaches(ctx, event.organizationId);
  const inMine = (event: { readonly organizationId: string }) => mine.has(event.organizationId);
  const changes = merge<Change>(
    (signal) => [
      ...[memberAdded, memberUpdated].map((contract) => ctx.bus.subscribe(contract, own, signal)),
      ...[memberSuspended, memberReinstated, memberRemoved].map((contract) => ctx.bus.subscribe(contract, own, signal)),
      ctx.bus.subscribe(roleUpdated, inMine, signal),
      ctx.bus.subscribe(roleDeleted, inMine, signal),
    ],
    ctx.signal,
  );
  const tenants = await asPerson(ctx.db, userId, (tx) => listTenantsOf(tx, userId));
  for (const { organizationId, membershipId } of tenants) if (reaches(ctx, organizationId)) mine.set(organizationId, membershipId);
  return ownChanges(ctx, userId, mine, changes);
}

/** Read inside the tenant: when a membership has ended, its role can no longer be read from outside. */
async function findOwn(ctx: Context, userId: string, organizationId: string, membershipId: string): Promise<Member | null> {
  const member = await asTenant(ctx.db, organizationId, (tx) => findMemberOf(tx, organizationId, membershipId));
  return member?.userId === userId ? member : null;
}

async function* ownChanges(
  ctx: Context,
  userId: string,
  mine: Map<string, string>,
  changes: AsyncGenerator<Change, void>,
): AsyncGenerator<Member, void> {
  for await (const { payload } of changes) {
    const membershipId = payload.membershipId ?? mine.get(payload.organizationId);
    const member = membershipId ? await findOwn(ctx, userId, payload.organizationId, membershipId) : null;
    const before = mine.get(payload.organizationId);
    if (payload.membershipId && member && (member.status === 'ACTIVE' || member.status === 'SUSPENDED'))
      mine.set(payload.organizationId, member.id);
    else if (payload.membershipId && before === payload.membershipId) mine.delete(payload.organizationId);
    if (!member) continue;
    forgetLoaded(ctx);
    yield member;
  }
}

/** A tenant, whenever it changes, for as long as the viewer is an active member. */
export async function watchOrganization(ctx: Context, organizationId: string): Promise<AsyncGenerator<Organization, void>> {
  const { userId } = requireViewer(ctx);
  if (!idInput.safeParse(organizationId).success || !reaches(ctx, organizationId)) throw notFound('Organization');
  const isMember = async () => (await asTenant(ctx.db, organizationId, (tx) => findContext(tx, organizationId, userId))) !== null;
  const here = (event: { readonly organizationId: string }) => event.organizationId === organizationId;
  const self = (event: { readonly organizationId: string; readonly userId: string }) => here(event) && event.userId === userId;
  const changes = merge<Change>(
    (signal) => [
      ctx.bus.subscribe(organizationUpdated, here, signal),
      ...[organizationSuspended, organizationReinstated, organizationArchived, organizationRestored, organizationDeleted].map((contract) =>
        ctx.bus.subscribe(contract, here, signal),
      ),
      ...[memberRemoved, memberSuspended].map((contract) => ctx.bus.subscribe(contract, self, signal)),
    ],
    ctx.signal,
  );
  if (!(await isMember())) throw notFound('Organization');
  return tenantChanges(ctx, organizationId, isMember, changes);
}

async function* tenantChanges(
  ctx: Context,
  organizationId: string,
  isMember: () => Promise<boolean>,
  changes: AsyncGenerator<Change, void>,
): AsyncGenerator<Organization, void> {
  for await (const { payload } of changes) {
    if (!(await isMember())) return;
    if (payload.membershipId) continue;
    const [organization] = await findOrganizations(ctx.db, [organizationId]);
    if (!organization) return;
    forgetLoaded(ctx);
    yield organization;
  }
}
