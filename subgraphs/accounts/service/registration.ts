import { randomBytes } from 'node:crypto';
import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { conflict, isUniqueViolation } from '@supergraph/platform/errors';
import { nameText, optional, parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { userRegistered } from '@supergraph/schema/events/accounts';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { queueMail } from '../mail/queue.ts';
import { fingerprint, hashSecret, makeSecret } from '../secrets.ts';
import { lockFor } from '../store/records.ts';
import {
  consumeLink,
  deleteRegistrations,
  findLinkedAddress,
  findWaiting,
  insertLink,
  insertRegistration,
  type Registration,
  takeRegistration,
} from '../store/registrations.ts';
import { findUserByEmail, findUserByHandle, insertUser, isHeld, setPassword, type User } from '../store/users.ts';
import { record } from './audit.ts';
import { confirmNewAddress } from './email-change.ts';
import { hashPassword, newPasswordText } from './passwords.ts';
import { emailInput, handleText, localeText, timeZoneText } from './profile-input.ts';
import { limitMails, sendOnce, type Sent } from './send-once.ts';
import { dayMs, idempotencyKeyInput, noLongerValid } from './shared.ts';

const waitsMs = dayMs;

const newAccount = (personal: readonly string[]) =>
  z.strictObject({
    email: emailInput,
    password: newPasswordText(personal),
    displayName: nameText({ max: 100 }),
    handle: handleText,
    locale: optional(localeText),
    timeZone: optional(timeZoneText),
    idempotencyKey: optional(idempotencyKeyInput),
  });
const AddressOnly = z.strictObject({ email: emailInput, idempotencyKey: optional(idempotencyKeyInput) });
const Token = z.strictObject({ token: z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters') });

/** What was said of a person in an unchecked input, for the password must not be made of it. */
const personalOf = (input: object): string[] =>
  ['email', 'displayName', 'handle'].map((name) => (input as Record<string, unknown>)[name]).filter((value) => typeof value === 'string');

/** Lets a registration wait for its link; who has an account already is told so by mail, and the answer is the same. */
export async function signUp(ctx: Context, input: object): Promise<Sent> {
  const { idempotencyKey, ...wanted } = parseInput(newAccount(personalOf(input)), input);
  await limitMails(ctx);
  const passwordHash = await hashPassword(ctx, wanted.password);
  const same = { ...wanted, password: fingerprint(ctx.settings.internalKey, wanted.password) };
  return sendOnce(ctx, { operation: 'signUp', email: wanted.email, key: idempotencyKey, input: same }, async (tx, emailFold) => {
    if (!(await isFree(ctx, tx, wanted.handle))) throw handleTaken();
    const isKnown = (await findUserByEmail(tx, emailFold)) !== null;
    const { email, displayName, handle, locale = null, timeZone = null } = wanted;
    // Of who has an account nothing waits: the registration is over at once, and there so that both answers take equally long.
    const times = { createdAt: ctx.now(), expiresAt: new Date(ctx.now().getTime() + (isKnown ? 0 : waitsMs)) };
    const registration = await insertRegistration(tx, { email, emailFold, displayName, handle, passwordHash, locale, timeZone, ...times });
    const token = await makeLink(ctx, tx, registration);
    await queueMail(ctx, tx, isKnown ? { kind: 'ACCOUNT_EXISTS', to: email } : verification(registration, token));
  });
}

/** Sends the newest waiting registration's link again; the answer is the same when none waits. */
export async function resendVerification(ctx: Context, input: object): Promise<Sent> {
  const { email, idempotencyKey } = parseInput(AddressOnly, input);
  await limitMails(ctx);
  return sendOnce(ctx, { operation: 'resendVerification', email, key: idempotencyKey, input: { email } }, async (tx, emailFold) => {
    const isKnown = (await findUserByEmail(tx, emailFold)) !== null;
    const waiting = await findWaiting(tx, emailFold, ctx.now());
    const token = await makeLink(ctx, tx, isKnown ? null : waiting);
    if (isKnown) await queueMail(ctx, tx, { kind: 'ACCOUNT_EXISTS', to: email });
    else await queueMail(ctx, tx, waiting ? verification(waiting, token) : { kind: 'NO_REGISTRATION', to: email });
  });
}

/** The secret of a link that opens a registration; for none it is over at once and leads nowhere, and took as long to make. */
async function makeLink(ctx: Context, tx: Db, registration: Registration | null): Promise<string> {
  const token = makeSecret();
  const { id: registrationId = null, expiresAt = ctx.now() } = registration ?? {};
  await insertLink(tx, { purpose: 'VERIFY', hash: hashSecret(token), registrationId, createdAt: ctx.now(), expiresAt });
  return token;
}

const verification = ({ email, displayName }: Registration, token: string) =>
  ({ kind: 'VERIFY', to: email, name: displayName, token }) as const;

/** CONFLICT for a handle that somebody has, or had until lately. */
export const handleTaken = () => conflict('this handle is taken; choose another one', { reason: 'HANDLE_TAKEN' });

/** Whether nobody has a handle, or had it a moment ago. */
export async function isFree(ctx: Context, db: Db, handle: string): Promise<boolean> {
  return !(await findUserByHandle(db, handle)) && !(await isHeld(db, handle, null, ctx.now()));
}

const attempts = 5;

/** Opens a verification link: a new address takes effect, or of several registrations for one address the first whose link is opened becomes the account. */
export async function verifyEmail(ctx: Context, input: object): Promise<User> {
  const { token } = parseInput(Token, input);
  const changed = await confirmNewAddress(ctx, token);
  if (changed) return changed;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ctx.db.transaction((tx) => activate(ctx, tx, hashSecret(token)));
    } catch (error) {
      if (isUniqueViolation(error, 'users_email_fold')) throw noLongerValid('link');
      // Somebody took the handle at the same moment; the next round sees it.
      if (!isUniqueViolation(error, 'users_handle') || attempt === attempts) throw error;
    }
  }
}

async function activate(ctx: Context, tx: Db, hash: string): Promise<User> {
  const now = ctx.now();
  const address = await findLinkedAddress(tx, hash);
  if (!address) throw noLongerValid('link');
  // Registrations for one address end each other, so only one of them is opened at a time.
  await lockFor(tx, `address:${address}`);
  const link = await consumeLink(tx, 'VERIFY', hash, now);
  const registration = link?.registrationId ? await takeRegistration(tx, link.registrationId, now) : null;
  if (!registration) throw noLongerValid('link');
  const { email, emailFold, displayName, locale, timeZone } = registration;
  const handle = (await isFree(ctx, tx, registration.handle))
    ? registration.handle
    : `${registration.handle.slice(0, 21)}_${randomBytes(4).toString('hex')}`;
  const user = await insertUser(tx, { handle, displayName, email, emailFold, locale, timeZone, createdAt: now });
  await setPassword(tx, user.id, registration.passwordHash, now);
  await deleteRegistrations(tx, emailFold);
  await tellRegistered(ctx, tx, user);
  await record(ctx, tx, { name: 'user.registered', actorId: user.id, target: user.id });
  return user;
}

/** Tells the other domains of an account that begins. */
export async function tellRegistered(
  ctx: Pick<Context, 'viewer' | 'organization' | 'traceparent' | 'now' | 'outboxWritten'>,
  tx: Db,
  user: User,
): Promise<void> {
  const { id, kind, handle, displayName, email, locale, timeZone, version } = user;
  await emit(
    ctx,
    tx,
    outbox,
    userRegistered,
    { userId: id, kind, handle, displayName, email, locale, timeZone, version },
    { organizationId: null },
  );
}
