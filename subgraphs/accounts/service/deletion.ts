import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { conflict } from '@supergraph/platform/errors';
import { optional, parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { defineWorker } from '@supergraph/platform/workers';
import { userDeletionCancelled, userDeletionScheduled } from '@supergraph/schema/events/accounts';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { hashSecret } from '../secrets.ts';
import { deleteEmailChanges } from '../store/email-changes.ts';
import { deleteFactors } from '../store/factors.ts';
import { deletePasskeys } from '../store/passkeys.ts';
import { deleteLinks, deleteRegistrations } from '../store/registrations.ts';
import { blankSessions, deleteFlows } from '../store/sessions.ts';
import { deletePassword, findErasable, holdHandle, lockUser, orphanHeldHandles, updateStatus, type User } from '../store/users.ts';
import { endTokens } from './access-tokens/end.ts';
import { keepAnAdmin } from './administration.ts';
import { record } from './audit.ts';
import { tellErased } from './erasures.ts';
import { deleteArtifactsOfUser } from '../store/oauth-artifacts.ts';
import { disableClientsOf } from '../store/oauth-clients.ts';
import { endAppGrants } from './oauth/app-grants.ts';
import { deleteExternalIdentities } from '../store/external.ts';
import { endAndTell } from './sessions.ts';
import { dayMs, notify, reasonText } from './shared.ts';
import { reopenPasswordPath } from './sign-in/attempts.ts';
import { requireStepUp } from './step-up.ts';

const thinkAgainMs = 14 * dayMs;
const Reason = z.strictObject({ reason: optional(reasonText) });

/** Erases one account when its time has come. */
export const erasureWorker = defineWorker<{ userId: string }, Context['loaders']>({
  name: 'erase-account',
  data: z.object({ userId: z.uuid() }),
  run: (ctx, { userId }) => erase(ctx, userId),
});

/** Takes up accounts whose own run was lost. */
export const erasureSweeper = defineWorker<Record<string, never>, Context['loaders']>({
  name: 'sweep-erasures',
  data: z.strictObject({}),
  schedule: '17 * * * *',
  run: async (ctx) => {
    for (const userId of await findErasable(ctx.db, ctx.now(), 1_000)) await erase(ctx, userId);
  },
});

/** Lets the viewer's account be erased in 14 days. */
export async function scheduleAccountDeletion(ctx: Context, input: unknown): Promise<{ user: User; erasesAt: Date }> {
  const { reason = null } = parseInput(Reason, input);
  const { userId } = await requireStepUp(ctx);
  const erasesAt = new Date(ctx.now().getTime() + thinkAgainMs);
  return ctx.db.transaction(async (tx) => {
    await keepAnAdmin(tx, userId);
    const user = await updateStatus(tx, userId, 'ACTIVE', { status: 'DELETION_SCHEDULED', erasesAt });
    if (!user) throw conflict('only an active account can be given up', { reason: 'NOT_ACTIVE' });
    await ctx.workers.enqueue(tx, erasureWorker, { userId }, { startAfter: erasesAt });
    await emit(ctx, tx, outbox, userDeletionScheduled, { userId, erasesAt: erasesAt.toISOString() }, { organizationId: null });
    await notify(ctx, tx, userId, 'DELETION_SCHEDULED', `${userId}:${erasesAt.getTime()}`, { erasesAt: erasesAt.toISOString() });
    await record(ctx, tx, { name: 'user.deletion_scheduled', target: userId, details: { erasesAt: erasesAt.toISOString(), reason } });
    return { user, erasesAt };
  });
}

/** Keeps the viewer's account after all. */
export async function cancelAccountDeletion(ctx: Context, input: unknown): Promise<User> {
  const { reason = null } = parseInput(Reason, input);
  const { userId } = await requireStepUp(ctx);
  return ctx.db.transaction(async (tx) => {
    const user = await updateStatus(tx, userId, 'DELETION_SCHEDULED', { status: 'ACTIVE', erasesAt: null });
    if (!user) throw conflict('this account is not going to be erased', { reason: 'NOT_SCHEDULED' });
    await emit(ctx, tx, outbox, userDeletionCancelled, { userId }, { organizationId: null });
    await record(ctx, tx, { name: 'user.deletion_cancelled', target: userId, details: { reason } });
    return user;
  });
}

/** Erases an account whose time has come: the id stays, and the handle is nobody's for ever. */
async function erase(ctx: Context, userId: string): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const before = await lockUser(tx, userId);
    if (!before) return;
    const erased = await updateStatus(tx, userId, 'DELETION_SCHEDULED', blank(userId), ctx.now());
    if (!erased) return;
    await holdHandle(tx, before.handle, null, null);
    await removeTraces(ctx, tx, userId);
    if (before.emailFold !== null) await deleteRegistrations(tx, before.emailFold);
    await tellErased(ctx, tx, userId);
    await record(ctx, tx, { name: 'user.erased', subjectId: userId, target: userId });
  });
}

/** What is left of an erased account. */
export const blank = (userId: string) => ({
  status: 'ERASED' as const,
  handle: `erased_${hashSecret(userId)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '0')
    .slice(0, 23)}`,
  displayName: 'Erased account',
  bio: null,
  email: null,
  emailFold: null,
  locale: null,
  timeZone: null,
  roles: [],
  erasesAt: null,
});

async function removeTraces(ctx: Context, tx: Db, userId: string): Promise<void> {
  await orphanHeldHandles(tx, userId);
  await endAndTell(ctx, tx, userId, 'ERASED');
  await endTokens(ctx, tx, { userId });
  await blankSessions(tx, userId);
  await deletePassword(tx, userId);
  await deleteFactors(tx, userId);
  await deletePasskeys(tx, userId);
  await deleteExternalIdentities(tx, userId);
  await deleteLinks(tx, userId, ['RESET', 'CHANGE_EMAIL', 'REVERT_EMAIL']);
  await deleteEmailChanges(tx, userId);
  await deleteFlows(tx, userId);
  await endAppGrants(ctx, tx, { userId });
  await deleteArtifactsOfUser(tx, userId);
  await disableClientsOf(tx, userId, ctx.now());
  await reopenPasswordPath(tx, userId);
}
