import { idempotency, outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { badInput, isUniqueViolation, notFound } from '@supergraph/platform/errors';
import { idempotent } from '@supergraph/platform/idempotency';
import { optional, parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { userEmailChanged } from '@supergraph/schema/events/accounts';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { queueMail } from '../mail/queue.ts';
import { canSeePersonal, canSignIn } from '../policy.ts';
import { hashSecret, makeSecret } from '../secrets.ts';
import {
  confirmEmailChange,
  deleteEmailChanges,
  deletePendingChanges,
  type EmailChange,
  findEmailChange,
  insertEmailChange,
  updateEmail,
} from '../store/email-changes.ts';
import { lockFor } from '../store/records.ts';
import { consumeLink, deleteLinks, deleteRegistrations, findLink, insertLink } from '../store/registrations.ts';
import { failHalfFlows } from '../store/sessions.ts';
import { findUserByEmail, fold, lockUser, type User } from '../store/users.ts';
import { record } from './audit.ts';
import { emailInput } from './profile-input.ts';
import { limitMails } from './send-once.ts';
import { endAndTell } from './sessions.ts';
import { dayMs, idempotencyKeyInput, noLongerValid, notify } from './shared.ts';
import { requireStepUp } from './step-up.ts';

const confirmMs = dayMs;
const revertMs = 3 * dayMs;

const Change = z.strictObject({ email: emailInput, idempotencyKey: optional(idempotencyKeyInput) });
const Token = z.strictObject({ token: z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters') });

/** Sends a link to the new address, which takes effect when it is opened. That somebody else has the address goes by mail alone. */
export async function changeEmail(ctx: Context, input: unknown): Promise<User> {
  const { userId } = await requireStepUp(ctx);
  const { email, idempotencyKey } = parseInput(Change, input);
  await limitMails(ctx);
  return ctx.db.transaction(async (tx) => {
    const user = await lockUser(tx, userId);
    if (!user) throw notFound('User');
    const previousEmail = user.email;
    if (previousEmail && fold(previousEmail) === fold(email)) throw badInput([{ path: 'email', message: 'is your address already' }]);
    const request = { operation: 'changeEmail', key: idempotencyKey, input: { email } };
    await idempotent(ctx, tx, idempotency, request, async () => {
      await deletePendingChanges(tx, userId);
      const times = { createdAt: ctx.now(), expiresAt: new Date(ctx.now().getTime() + confirmMs) };
      const changeId = await insertEmailChange(tx, { userId, email, previousEmail, ...times });
      const isTaken = (await findUserByEmail(tx, email)) !== null;
      // Made in either case, so that both answers take equally long.
      const token = await link(ctx, tx, 'CHANGE_EMAIL', changeId, userId);
      await queueMail(
        ctx,
        tx,
        isTaken ? { kind: 'ADDRESS_TAKEN', to: email } : { kind: 'CHANGE_EMAIL', to: email, name: user.displayName, token },
      );
      await record(ctx, tx, { name: 'email.change_requested' });
      return true;
    });
    return user;
  });
}

async function link(
  ctx: Context,
  tx: Db,
  purpose: 'CHANGE_EMAIL' | 'REVERT_EMAIL',
  emailChangeId: string,
  userId: string,
): Promise<string> {
  const token = makeSecret();
  const now = ctx.now();
  const expiresAt = new Date(now.getTime() + (purpose === 'CHANGE_EMAIL' ? confirmMs : revertMs));
  await insertLink(tx, { purpose, hash: hashSecret(token), userId, emailChangeId, createdAt: now, expiresAt });
  return token;
}

/** The address that a person waits to confirm; null for none, and for whom it does not concern. */
export async function pendingEmail(ctx: Context, userId: string): Promise<string | null> {
  if (!canSeePersonal(ctx.viewer, userId)) return null;
  const [newest] = await ctx.loaders.pendingEmailsByUser.load(userId);
  return newest?.email ?? null;
}

/** Opens the link to a new address, if it is one: from now on the account has it. Null for any other link. */
export async function confirmNewAddress(ctx: Context, token: string): Promise<User | null> {
  const hash = hashSecret(token);
  const waiting = await findLink(ctx.db, 'CHANGE_EMAIL', hash, ctx.now());
  const change = waiting?.emailChangeId ? await findEmailChange(ctx.db, waiting.emailChangeId) : null;
  if (!change) return null;
  return orNoLongerValid(() => ctx.db.transaction((tx) => takeEffect(ctx, tx, hash, change.email)));
}

/** The address was taken in the meantime. */
async function orNoLongerValid<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error, 'users_email_fold')) throw noLongerValid('link');
    throw error;
  }
}

async function takeEffect(ctx: Context, tx: Db, hash: string, email: string): Promise<User> {
  const now = ctx.now();
  // As registrations do, so that one address is opened by one link at a time.
  await lockFor(tx, `address:${fold(email)}`);
  const used = await consumeLink(tx, 'CHANGE_EMAIL', hash, now);
  const change = used?.emailChangeId ? await findEmailChange(tx, used.emailChangeId) : null;
  const before = change ? await lockUser(tx, change.userId) : null;
  if (!change || !before || !canSignIn(before) || before.email !== change.previousEmail) throw noLongerValid('link');
  const user = await setAddress(ctx, tx, change.userId, change.email);
  await confirmEmailChange(tx, change.id, now);
  await deletePendingChanges(tx, user.id);
  await deleteRegistrations(tx, fold(change.email));
  // Links for a new password went to the address from before.
  await deleteLinks(tx, user.id, ['RESET']);
  if (change.previousEmail) await offerToRevert(ctx, tx, user, change, change.previousEmail);
  await notify(ctx, tx, user.id, 'EMAIL_CHANGED', change.id, {});
  await record(ctx, tx, { name: 'email.changed', subjectId: user.id, actorId: user.id });
  return user;
}

/** Tells the old address, where there was one, with a link that undoes the change. */
async function offerToRevert(ctx: Context, tx: Db, user: User, change: EmailChange, to: string): Promise<void> {
  const token = await link(ctx, tx, 'REVERT_EMAIL', change.id, user.id);
  await queueMail(ctx, tx, { kind: 'REVERT_EMAIL', to, name: user.displayName, newEmail: change.email, token });
}

async function setAddress(ctx: Context, tx: Db, userId: string, email: string): Promise<User> {
  const user = await updateEmail(tx, userId, email);
  if (!user) throw noLongerValid('link');
  await emit(ctx, tx, outbox, userEmailChanged, { userId, email, version: user.version }, { organizationId: null });
  return user;
}

/** Opens the link to the old address: the account gets it back, whatever came after, and all sessions end. */
export async function revertEmailChange(ctx: Context, input: unknown): Promise<User> {
  const { token } = parseInput(Token, input);
  return orNoLongerValid(() =>
    ctx.db.transaction(async (tx) => {
      const used = await consumeLink(tx, 'REVERT_EMAIL', hashSecret(token), ctx.now());
      const change = used?.emailChangeId ? await findEmailChange(tx, used.emailChangeId) : null;
      if (!change?.previousEmail || !(await lockUser(tx, change.userId))) throw noLongerValid('link');
      const user = await setAddress(ctx, tx, change.userId, change.previousEmail);
      // Whoever changed it must neither set a password with a link of theirs nor undo this.
      await deleteLinks(tx, user.id, ['RESET', 'CHANGE_EMAIL', 'REVERT_EMAIL']);
      await deleteEmailChanges(tx, user.id);
      await failHalfFlows(tx, user.id);
      await endAndTell(ctx, tx, user.id, 'EMAIL_REVERTED');
      await notify(ctx, tx, user.id, 'EMAIL_CHANGED', `${change.id}:reverted`, {});
      await record(ctx, tx, { name: 'email.change_reverted', subjectId: user.id, actorId: user.id });
      return user;
    }),
  );
}
