import { outbox } from '@supergraph/db/accounts/tables';
import type { PlatformRole } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { conflict, notFound } from '@supergraph/platform/errors';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { userReinstated, userRolesChanged, userSuspended } from '@supergraph/schema/events/accounts';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { normalRoles } from '../policy.ts';
import { findUsers, lockAdmins, lockUser, updateRoles, updateStatus, type User } from '../store/users.ts';
import { endTokens } from './access-tokens/end.ts';
import { record } from './audit.ts';
import { endActing, endAndTell } from './sessions.ts';
import { reasonText } from './shared.ts';

const Closing = z.strictObject({ userId: idInput, reason: optional(reasonText) });
const Roles = z.strictObject({ userId: idInput, roles: z.array(z.enum(['USER', 'MODERATOR', 'ADMIN'])).max(10, 'must be at most 10') });

/** Refuses what would leave the platform without an active administrator; two such changes at once wait for each other. */
export async function keepAnAdmin(tx: Db, userId: string): Promise<void> {
  const admins = await lockAdmins(tx);
  if (admins.length === 1 && admins[0] === userId)
    throw conflict('this is the last active administrator; make somebody else one first', { reason: 'LAST_ADMIN' });
}

async function requireUser(tx: Db, id: string): Promise<User> {
  const [user] = await findUsers(tx, [id]);
  if (!user) throw notFound('User');
  return user;
}

/** Closes an account; its sessions and access tokens end with it. */
export async function suspendUser(ctx: Context, input: unknown): Promise<User> {
  const { userId, reason = null } = parseInput(Closing, input);
  return ctx.db.transaction(async (tx) => {
    await keepAnAdmin(tx, userId);
    await requireUser(tx, userId);
    const user = await updateStatus(tx, userId, 'ACTIVE', { status: 'SUSPENDED' });
    if (!user) throw conflict('only an active account can be suspended', { reason: 'NOT_ACTIVE' });
    await endAndTell(ctx, tx, userId, 'SUSPENDED');
    const tokens = await endTokens(ctx, tx, { userId });
    await emit(ctx, tx, outbox, userSuspended, { userId, reason }, { organizationId: null });
    await record(ctx, tx, { name: 'user.suspended', subjectId: userId, target: userId, details: { reason, accessTokens: tokens.length } });
    return user;
  });
}

/** Opens a suspended account again. */
export async function reinstateUser(ctx: Context, input: unknown): Promise<User> {
  const { userId, reason = null } = parseInput(Closing, input);
  return ctx.db.transaction(async (tx) => {
    await requireUser(tx, userId);
    const user = await updateStatus(tx, userId, 'SUSPENDED', { status: 'ACTIVE' });
    if (!user) throw conflict('only a suspended account can be reinstated', { reason: 'NOT_SUSPENDED' });
    await emit(ctx, tx, outbox, userReinstated, { userId, reason }, { organizationId: null });
    await record(ctx, tx, { name: 'user.reinstated', subjectId: userId, target: userId, details: { reason } });
    return user;
  });
}

/** Gives an account exactly these platform roles; who loses one signs in anew. */
export async function setUserRoles(ctx: Context, input: unknown): Promise<User> {
  const { userId, ...wanted } = parseInput(Roles, input);
  const roles: PlatformRole[] = normalRoles(wanted.roles);
  return ctx.db.transaction(async (tx) => {
    if (!roles.includes('ADMIN')) await keepAnAdmin(tx, userId);
    const before = await lockUser(tx, userId);
    if (!before) throw notFound('User');
    if (before.kind === 'SERVICE') throw conflict('service accounts hold no platform role', { reason: 'NOT_A_PERSON' });
    const user = await updateRoles(tx, userId, roles);
    if (!user) throw notFound('User');
    // Access tokens name the roles of their person: who lost one must not go on with a token that names it.
    if (before.roles.some((role) => !roles.includes(role))) await endAndTell(ctx, tx, userId, 'ROLES_CHANGED');
    // Nobody acts as an administrator, and nobody else acts at all.
    await endActing(ctx, tx, roles.includes('ADMIN') ? { userId } : { actorId: userId }, 'REVOKED');
    await emit(ctx, tx, outbox, userRolesChanged, { userId, roles }, { organizationId: null });
    await record(ctx, tx, {
      name: 'user.roles_changed',
      subjectId: userId,
      target: userId,
      details: { before: before.roles, after: roles },
    });
    return user;
  });
}
