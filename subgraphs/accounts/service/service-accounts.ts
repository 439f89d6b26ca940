import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { isUniqueViolation, notFound } from '@supergraph/platform/errors';
import { idInput, nameText, parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { serviceAccountCreated } from '@supergraph/schema/events/accounts';
import { z } from 'zod';
import type { Context } from '../context.ts';
import {
  findServiceAccounts,
  findUserByHandle,
  findUsers,
  holdHandle,
  insertUser,
  isHeld,
  updateStatus,
  type User,
} from '../store/users.ts';
import { endTokens } from './access-tokens/end.ts';
import { recordRevoked } from './access-tokens/manage.ts';
import { record } from './audit.ts';
import { endAppGrants } from './oauth/app-grants.ts';
import { endServiceTokens } from './oauth/service-tokens.ts';
import { blank } from './deletion.ts';
import { tellErased } from './erasures.ts';
import { handleText } from './profile-input.ts';
import { handleTaken, tellRegistered } from './registration.ts';

const NewService = z.strictObject({ organizationId: idInput, handle: handleText, displayName: nameText({ max: 100 }) });

/** Makes a service account for the chosen organization; it acts by access tokens alone. */
export async function createServiceAccount(ctx: Context, input: unknown): Promise<User> {
  const { organizationId, handle, displayName } = parseInput(NewService, input);
  if (ctx.organization?.id !== organizationId) throw notFound('Organization');
  try {
    return await ctx.db.transaction(async (tx) => {
      if ((await findUserByHandle(tx, handle)) || (await isHeld(tx, handle, null, ctx.now()))) throw handleTaken();
      const user = await insertUser(tx, { kind: 'SERVICE', handle, displayName, organizationId, roles: [], createdAt: ctx.now() });
      await tellRegistered(ctx, tx, user);
      await emit(ctx, tx, outbox, serviceAccountCreated, { userId: user.id, organizationId }, { organizationId });
      await record(ctx, tx, { name: 'service_account.created', subjectId: user.id, target: user.id, details: { handle } });
      return user;
    });
  } catch (error) {
    if (isUniqueViolation(error, 'users_handle')) throw handleTaken();
    throw error;
  }
}

/** A membership is over: the tokens of that pair end, and so does a service account that belonged there. */
export async function leaveOrganization(ctx: Context, tx: Db, organizationId: string, userId: string): Promise<void> {
  const ended = await endTokens(ctx, tx, { userId, organizationId });
  await endAppGrants(ctx, tx, { userId, organizationId });
  const [user] = await findUsers(tx, [userId]);
  const belongedHere = user?.kind === 'SERVICE' && user.organizationId === organizationId && user.status !== 'ERASED';
  if (belongedHere) await endService(ctx, tx, user);
  await recordRevoked(ctx, tx, ended, 'MEMBERSHIP_ENDED');
  if (belongedHere) await recordEnd(ctx, tx, userId, organizationId);
}

/** A tenant is gone: its tokens and service accounts are, too. All at once, for tokens must end together. */
export async function eraseTenant(ctx: Context, tx: Db, organizationId: string): Promise<false> {
  const ended = await endTokens(ctx, tx, { organizationId });
  await endAppGrants(ctx, tx, { organizationId });
  const services = await findServiceAccounts(tx, organizationId);
  for (const service of services) await endService(ctx, tx, service);
  await recordRevoked(ctx, tx, ended, 'ORGANIZATION_DELETED');
  for (const { id } of services) await recordEnd(ctx, tx, id, organizationId);
  return false;
}

async function endService(ctx: Context, tx: Db, { id, handle, status }: User): Promise<void> {
  if (!(await updateStatus(tx, id, status, blank(id)))) return;
  await holdHandle(tx, handle, null, null);
  await endServiceTokens(ctx, tx, id);
  await tellErased(ctx, tx, id);
}

const recordEnd = (ctx: Context, tx: Db, id: string, organizationId: string): Promise<void> =>
  record(ctx, tx, { name: 'service_account.ended', subjectId: id, organizationId, target: id });
