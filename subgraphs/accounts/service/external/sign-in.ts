import { randomBytes } from 'node:crypto';
import type { Db } from '@supergraph/platform/database';
import { conflict } from '@supergraph/platform/errors';
import { nameText } from '@supergraph/platform/input';
import type { Context } from '../../context.ts';
import { hashOf } from '../../oauth/seals.ts';
import { canSignIn } from '../../policy.ts';
import {
  countLinked,
  type ExternalIdentity,
  findExternalIdentity,
  insertExternalIdentity,
  touchExternalIdentity,
} from '../../store/external.ts';
import { lockFor } from '../../store/records.ts';
import { deleteRegistrations } from '../../store/registrations.ts';
import { findOpenSession, insertFlow } from '../../store/sessions.ts';
import { findUserByEmail, findUsers, fold, insertUser, lockUser, type User } from '../../store/users.ts';
import { record } from '../audit.ts';
import { tellAdded } from '../factors/tell.ts';
import { emailInput, handleText, localeText } from '../profile-input.ts';
import { isFree, tellRegistered } from '../registration.ts';
import { minuteMs, noLongerValid, wrongCredentials } from '../shared.ts';
import { accountKey } from '../sign-in/attempts.ts';
import type { ShownFlow } from '../sign-in/flow.ts';
import { proceedExternally } from '../sign-in/proceed.ts';
import { firstPartyClient } from '../tokens.ts';
import { requireProvider } from './providers.ts';
import type { ExternalPerson } from './visit.ts';

const flowMs = 10 * minuteMs;

/** Signs in whoever comes from another provider, for the app that waits; a second factor is asked for as always. */
export async function signInExternally(ctx: Context, key: string, person: ExternalPerson, interactionId: string): Promise<ShownFlow> {
  const found = await ctx.db.transaction((tx) => accountOf(ctx, tx, key, person));
  if ('refused' in found) return refuse(ctx, key, found.refused);
  const { user, identity } = found;
  const createdAt = ctx.now();
  const flow = await insertFlow(ctx.db, {
    purpose: 'SIGN_IN',
    userId: user.id,
    attemptKey: accountKey(user.id),
    clientId: firstPartyClient,
    interactionHash: hashOf(interactionId),
    createdAt,
    expiresAt: new Date(createdAt.getTime() + flowMs),
  });
  return proceedExternally(ctx, flow, {
    userId: user.id,
    method: 'EXTERNAL',
    isStrong: false,
    useUp: (tx) => touchExternalIdentity(tx, identity.id, ctx.now()),
  });
}

interface Account {
  readonly user: User;
  readonly identity: ExternalIdentity;
}
/** Whose account it is, which may not be signed in to. */
interface Refused {
  readonly refused: User;
}

/** Noted in a transaction of its own, since what is thrown takes back what was begun. */
async function refuse(ctx: Context, provider: string, user: User): Promise<never> {
  const details = { purpose: 'SIGN_IN', proof: 'external', provider };
  await ctx.db.transaction((tx) => record(ctx, tx, { name: 'sign_in.failed', subjectId: user.id, clientId: firstPartyClient, details }));
  throw wrongCredentials();
}

/** Of two who come as the same person one waits. */
const lockIdentity = (tx: Db, { issuer, subject }: ExternalPerson): Promise<void> => lockFor(tx, `external:${issuer} ${subject}`);

/** Whose account it is: the linked one; else the one whose verified address the provider vouches for; else a new one. */
async function accountOf(ctx: Context, tx: Db, key: string, person: ExternalPerson): Promise<Account | Refused> {
  const { issuer, subject } = person;
  await lockIdentity(tx, person);
  const identity = await findExternalIdentity(tx, issuer, subject);
  const [known] = identity ? await findUsers(tx, [identity.userId]) : [];
  if (identity && known) return canSignIn(known) ? { user: known, identity } : { refused: known };
  const email = vouchedAddress(ctx, key, person);
  if (email) await lockFor(tx, `address:${fold(email)}`);
  const same = email ? await findUserByEmail(tx, email) : null;
  if (same && !canSignIn(same)) return { refused: same };
  const user = same ?? (await register(ctx, tx, person, email));
  const linked = await link(ctx, tx, key, person, user.id);
  if (!linked) throw new Error('an identity was linked in spite of its lock');
  return { user, identity: linked };
}

/** An address counts only when the provider has proved it, and we believe the provider. */
function vouchedAddress(ctx: Context, key: string, { email, isEmailVerified }: ExternalPerson): string | undefined {
  if (!requireProvider(ctx, key).trustsAddresses || !isEmailVerified) return undefined;
  return emailInput.safeParse(email).data;
}

async function register(ctx: Context, tx: Db, person: ExternalPerson, email: string | undefined): Promise<User> {
  const name = nameText({ min: 1, max: 100 }).safeParse((person.name ?? person.username ?? '').slice(0, 100));
  const user = await insertUser(tx, {
    handle: await freeHandle(ctx, tx, person),
    displayName: name.data ?? 'New member',
    email: email ?? null,
    emailFold: email ? fold(email) : null,
    locale: localeText.safeParse(person.locale).data ?? null,
    createdAt: ctx.now(),
  });
  // Whoever waits for a link to this address has lost it.
  if (email) await deleteRegistrations(tx, fold(email));
  await tellRegistered(ctx, tx, user);
  await record(ctx, tx, { name: 'user.registered', actorId: user.id, target: user.id, details: { externally: true } });
  return user;
}

/** A handle like what the person goes by elsewhere; it can be changed. */
async function freeHandle(ctx: Context, tx: Db, { username, email, name }: ExternalPerson): Promise<string> {
  const wish = (username ?? email?.split('@')[0] ?? name ?? '')
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, 21);
  if (handleText.safeParse(wish).success && (await isFree(ctx, tx, wish))) return wish;
  return `${wish.length >= 3 ? wish : 'member'}_${randomBytes(4).toString('hex')}`;
}

/** Links an account elsewhere and tells the person; null when somebody has it. */
async function link(ctx: Context, tx: Db, key: string, { issuer, subject, email, username, name }: ExternalPerson, userId: string) {
  const label = (email ?? username ?? name ?? subject).slice(0, 200);
  const identity = await insertExternalIdentity(tx, { userId, provider: key, issuer, subject, label, linkedAt: ctx.now() });
  if (identity) await tellAdded(ctx, tx, { userId, credentialId: identity.id, kind: 'EXTERNAL', reason: key });
  return identity;
}

const mostLinked = 10;

/**
 * Links an account elsewhere to the person who asked for it. Whoever asked in a session that has ended since, because
 * the password was changed perhaps, gets nothing: it may have been somebody whom that was to lock out.
 */
export async function linkExternally(
  ctx: Context,
  key: string,
  person: ExternalPerson,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string | null },
): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await lockIdentity(tx, person);
    // From this lock on nobody ends a session of theirs.
    const user = await lockUser(tx, userId);
    if (!user || !canSignIn(user)) throw wrongCredentials();
    if (!sessionId || !(await findOpenSession(tx, sessionId, ctx.now()))) throw noLongerValid('link');
    const known = await findExternalIdentity(tx, person.issuer, person.subject);
    if (known?.userId === userId) return;
    if ((await countLinked(tx, userId)) >= mostLinked)
      throw conflict(`an account has at most ${mostLinked} accounts elsewhere`, { reason: 'TOO_MANY_CREDENTIALS' });
    if (known || !(await link(ctx, tx, key, person, userId)))
      throw conflict('that account is linked to another account here', { reason: 'EXTERNAL_IDENTITY_TAKEN' });
  });
}
