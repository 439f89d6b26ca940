import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { optional, parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { credentialAdded } from '@supergraph/schema/events/accounts';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { queueMail } from '../mail/queue.ts';
import { canSignIn } from '../policy.ts';
import { hashSecret, makeSecret } from '../secrets.ts';
import { consumeLink, deleteLinks, findLink, insertLink } from '../store/registrations.ts';
import { failHalfFlows } from '../store/sessions.ts';
import { findPasswords, findUserByEmail, findUsers, lockUser, setPassword, type User } from '../store/users.ts';
import { endTokens } from './access-tokens/end.ts';
import { record } from './audit.ts';
import { hashPassword, newPasswordText } from './passwords.ts';
import { emailInput } from './profile-input.ts';
import { limitMails, sendOnce, type Sent } from './send-once.ts';
import { endAndTell } from './sessions.ts';
import { idempotencyKeyInput, minuteMs, noLongerValid, notify, wrongCredentials } from './shared.ts';
import { reopenPasswordPath } from './sign-in/attempts.ts';
import { requireStepUp } from './step-up.ts';

const linkMs = 60 * minuteMs;
const AddressOnly = z.strictObject({ email: emailInput, idempotencyKey: optional(idempotencyKeyInput) });
const Reset = (personal: readonly string[]) =>
  z.strictObject({
    token: z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters'),
    newPassword: newPasswordText(personal),
    revokeAccessTokens: z
      .boolean()
      .nullish()
      .transform((revoke) => revoke ?? false),
  });
const Change = (personal: readonly string[]) => z.strictObject({ newPassword: newPasswordText(personal) });

const personalOf = (user: Pick<User, 'email' | 'displayName' | 'handle'> | null | undefined): string[] =>
  user ? [user.email ?? '', user.displayName, user.handle].filter(Boolean) : [];

/** Sends a link for a new password; the answer is the same when nobody has the address. */
export async function requestPasswordReset(ctx: Context, input: unknown): Promise<Sent> {
  const { email, idempotencyKey } = parseInput(AddressOnly, input);
  await limitMails(ctx);
  return sendOnce(ctx, { operation: 'requestPasswordReset', email, key: idempotencyKey, input: { email } }, async (tx, emailFold) => {
    const user = await findUserByEmail(tx, emailFold);
    // A link that leads nowhere, and an entry in the log, so that both answers take equally long.
    const owner = user && canSignIn(user) ? user : null;
    const token = await makeLink(ctx, tx, owner);
    await queueMail(
      ctx,
      tx,
      owner ? { kind: 'RESET', to: owner.email ?? email, name: owner.displayName, token } : { kind: 'NO_ACCOUNT', to: email },
    );
    await record(ctx, tx, { name: 'password.reset_requested', subjectId: user?.id ?? null });
  });
}

/** The secret of a link for a new password; nobody's is over at once. */
async function makeLink(ctx: Context, tx: Db, owner: User | null): Promise<string> {
  const token = makeSecret();
  const now = ctx.now();
  const expiresAt = new Date(now.getTime() + (owner ? linkMs : 0));
  await insertLink(tx, { purpose: 'RESET', hash: hashSecret(token), userId: owner?.id ?? null, createdAt: now, expiresAt });
  return token;
}

/** Sets a new password with a link's secret; every session ends, and every access token where that is wanted. */
export async function resetPassword(ctx: Context, input: object): Promise<User> {
  const token = String((input as { token?: unknown }).token);
  const owner = await ownerOfLink(ctx, token);
  const { newPassword, revokeAccessTokens } = parseInput(Reset(personalOf(owner)), input);
  const hash = await hashPassword(ctx, newPassword);
  return ctx.db.transaction(async (tx) => {
    const link = await consumeLink(tx, 'RESET', hashSecret(token), ctx.now());
    const user = link?.userId ? await lockUser(tx, link.userId) : null;
    if (!user || !canSignIn(user)) throw noLongerValid('link');
    await replacePassword(ctx, tx, user, hash);
    await endAndTell(ctx, tx, user.id, 'PASSWORD_RESET');
    const tokens = revokeAccessTokens ? await endTokens(ctx, tx, { userId: user.id }) : [];
    await reopenPasswordPath(tx, user.id);
    await record(ctx, tx, { name: 'password.reset', actorId: user.id, target: user.id, details: { accessTokens: tokens.length } });
    return user;
  });
}

async function ownerOfLink(ctx: Context, token: string): Promise<User | undefined> {
  const link = await findLink(ctx.db, 'RESET', hashSecret(token), ctx.now());
  return link?.userId ? (await findUsers(ctx.db, [link.userId]))[0] : undefined;
}

/** Sets a new password for whoever just proved themselves; all other sessions end. */
export async function changePassword(ctx: Context, input: unknown): Promise<User> {
  const { userId, sessionId } = await requireStepUp(ctx);
  const [known] = await findUsers(ctx.db, [userId]);
  const { newPassword } = parseInput(Change(personalOf(known)), input);
  const hash = await hashPassword(ctx, newPassword);
  return ctx.db.transaction(async (tx) => {
    const user = await lockUser(tx, userId);
    if (!user || !canSignIn(user)) throw wrongCredentials();
    await replacePassword(ctx, tx, user, hash);
    await endAndTell(ctx, tx, userId, 'PASSWORD_CHANGED', { but: sessionId });
    await record(ctx, tx, { name: 'password.changed', target: userId });
    return user;
  });
}

async function replacePassword(ctx: Context, tx: Db, user: User, hash: string): Promise<void> {
  const now = ctx.now();
  const isFirst = (await findPasswords(tx, [user.id])).length === 0;
  await setPassword(tx, user.id, hash, now);
  // Neither older links nor flows with the older one half-way must undo it. Links that undo a change of address stay: they are what a robbed owner has left.
  await deleteLinks(tx, user.id, ['RESET']);
  await failHalfFlows(tx, user.id);
  if (isFirst) await emit(ctx, tx, outbox, credentialAdded, { userId: user.id, kind: 'PASSWORD' }, { organizationId: null });
  const told = { credential: 'PASSWORD', change: isFirst ? 'ADDED' : 'CHANGED' };
  await notify(ctx, tx, user.id, 'CREDENTIAL_CHANGED', `${user.id}:${now.getTime()}`, told);
}
