import { outbox } from '@supergraph/db/accounts/tables';
import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { badInput, forbidden, notFound, rateLimited } from '@supergraph/platform/errors';
import { idInput, nameText, optional, parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { sessionStarted } from '@supergraph/schema/events/accounts';
import Bowser from 'bowser';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { canSignIn, canStepUp, closedFor } from '../policy.ts';
import { fingerprint } from '../secrets.ts';
import { countAttempt, countInWindow, resetCounter, uncount } from '../store/records.ts';
import {
  completeFlow,
  countDevices,
  findFlow,
  type Flow,
  insertFlow,
  insertSession,
  type Session,
  updateSession,
} from '../store/sessions.ts';
import {
  findPasswords,
  findUserByEmail,
  findUserByHandle,
  fold,
  lockUser,
  type Password,
  touchPassword,
  type User,
} from '../store/users.ts';
import { record } from './audit.ts';
import { hashPassword, isOutdated, normalPassword, verifyPassword } from './passwords.ts';
import { beginFamily } from './refresh.ts';
import { dayMs, minuteMs, networkOf, notify, noLongerValid, wrongCredentials } from './shared.ts';
import { firstPartyClient, firstPartyScope, issueTokens, type TokenSet } from './tokens.ts';

const flowMs = 10 * minuteMs;
const sessionMs = 180 * dayMs;
const networkFailures = 50;
const networkWindowMs = 10 * minuteMs;

const Start = z.strictObject({
  identifier: optional(nameText({ max: 254 })),
  purpose: z
    .enum(['SIGN_IN', 'STEP_UP'])
    .nullish()
    .transform((purpose) => purpose ?? 'SIGN_IN'),
  clientId: z
    .string()
    .nullish()
    .transform((clientId) => clientId ?? firstPartyClient),
});

/** Of the proofs exactly one must be given; a password is the only kind so far. */
const Proof = z.strictObject({
  flowId: idInput,
  password: z
    .string({ error: 'is the one proof that this flow takes' })
    .min(1, 'must not be empty')
    .max(256, 'must have at most 256 characters')
    .transform(normalPassword),
  deviceName: optional(nameText({ max: 100 })),
});

/** A flow as clients see it; the tokens are there once. */
export interface ShownFlow extends Pick<Flow, 'id' | 'purpose' | 'status' | 'expiresAt'> {
  readonly nextSteps: readonly 'PASSWORD'[];
  readonly tokens: TokenSet | null;
}

function shown(ctx: Context, { id, purpose, status, expiresAt }: Flow, tokens: TokenSet | null = null): ShownFlow {
  const isOver = status === 'FIRST_FACTOR' && expiresAt <= ctx.now();
  return {
    id,
    purpose,
    status: isOver ? 'EXPIRED' : status,
    expiresAt,
    nextSteps: status === 'FIRST_FACTOR' && !isOver ? ['PASSWORD'] : [],
    tokens,
  };
}

const concerns = (ctx: Context, flow: Flow): boolean =>
  flow.purpose === 'SIGN_IN' || (flow.sessionId !== null && flow.sessionId === ctx.viewer?.sessionId);

/** A flow without its tokens, or null. */
export async function findShownFlow(ctx: Context, id: string): Promise<ShownFlow | null> {
  if (!idInput.safeParse(id).success) return null;
  const flow = await findFlow(ctx.db, id);
  return flow && concerns(ctx, flow) ? shown(ctx, flow) : null;
}

/** Begins a flow; it looks the same for an identifier that nobody has. */
export async function startSignIn(ctx: Context, input: unknown): Promise<ShownFlow> {
  const { identifier, purpose, clientId } = parseInput(Start, input);
  if (clientId !== firstPartyClient) throw notFound('OAuthClient');
  const expiresAt = new Date(ctx.now().getTime() + flowMs);
  const common = { purpose, clientId, createdAt: ctx.now(), expiresAt };
  if (purpose === 'STEP_UP') {
    const viewer = requireViewer(ctx);
    if (!canStepUp(viewer))
      throw forbidden('only a person in a session of their own can prove themselves again', { reason: 'STEP_UP_IMPOSSIBLE' });
    return shown(
      ctx,
      await insertFlow(ctx.db, { ...common, userId: viewer.userId, sessionId: viewer.sessionId, attemptKey: accountKey(viewer.userId) }),
    );
  }
  if (!identifier) throw badInput([{ path: 'identifier', message: 'is needed: the address or the handle' }]);
  const user = identifier.includes('@') ? await findUserByEmail(ctx.db, identifier) : await findUserByHandle(ctx.db, identifier);
  const attemptKey = user ? accountKey(user.id) : `unknown:${fingerprint(ctx.settings.internalKey, fold(identifier))}`;
  return shown(ctx, await insertFlow(ctx.db, { ...common, userId: user?.id ?? null, attemptKey }));
}

const accountKey = (userId: string): string => `account:${userId}`;

/** Forgets an account's wrong passwords, because the person proved themselves otherwise. */
export const reopenPasswordPath = (tx: Db, userId: string): Promise<void> => resetCounter(tx, accountKey(userId));

/** Checks one proof; whatever is wrong with it, the answer is the same and costs the same. */
export async function continueSignIn(ctx: Context, input: unknown): Promise<ShownFlow> {
  const { flowId, password, deviceName } = parseInput(Proof, input);
  const flow = await findFlow(ctx.db, flowId);
  if (!flow || !concerns(ctx, flow) || flow.status !== 'FIRST_FACTOR' || flow.expiresAt <= ctx.now()) throw noLongerValid('sign-in');
  await countForNetwork(ctx);
  const isOpen = await countForAccount(ctx, flow);
  const proof = await readProof(ctx, flow, password);
  if (!isOpen || !proof) {
    const entry = {
      name: 'sign_in.failed',
      target: flow.userId,
      clientId: flow.clientId,
      details: { flowId, purpose: flow.purpose, method: 'PASSWORD', closed: !isOpen },
    };
    await ctx.db.transaction((tx) => record(ctx, tx, entry));
    throw wrongCredentials();
  }
  return ctx.db.transaction((tx) => complete(ctx, tx, flow, proof, deviceName));
}

async function countForNetwork(ctx: Context): Promise<void> {
  const now = ctx.now();
  const { failures, windowStartedAt } = await countInWindow(ctx.db, networkKey(ctx), now, networkWindowMs);
  if (failures > networkFailures) throw rateLimited((windowStartedAt.getTime() + networkWindowMs - now.getTime()) / 1_000);
}

const networkKey = (ctx: Context): string => `network:${networkOf(ctx)}`;

/** Whether the account's password path is open; the attempt is counted before it is known to be right or wrong. */
async function countForAccount(ctx: Context, flow: Flow): Promise<boolean> {
  const now = ctx.now();
  const closedUntil = (failures: number) => (closedFor(failures) > 0 ? new Date(now.getTime() + closedFor(failures)) : null);
  return (await countAttempt(ctx.db, flow.attemptKey, now, closedUntil)) !== null;
}

interface Proven {
  readonly kept: Password;
  /** A hash at today's cost, where the kept one is older. */
  readonly upgraded: string | undefined;
}

async function readProof(ctx: Context, flow: Flow, password: string): Promise<Proven | null> {
  // Where nobody is meant the same questions are asked, with an id that nobody has.
  const ownerId = flow.userId ?? flow.id;
  const [kept] = await findPasswords(ctx.db, [ownerId]);
  const isRight = await verifyPassword(kept?.hash ?? null, password);
  const user = await ctx.loaders.userById.clear(ownerId).load(ownerId);
  if (!isRight || !kept || !user || !canSignIn(user)) return null;
  return { kept, upgraded: isOutdated(kept.hash) ? await hashPassword(password) : undefined };
}

async function complete(ctx: Context, tx: Db, flow: Flow, { kept, upgraded }: Proven, deviceName: string | undefined): Promise<ShownFlow> {
  const now = ctx.now();
  const completed = await completeFlow(tx, flow.id, now);
  if (!completed) throw noLongerValid('sign-in');
  // From here on nobody suspends the account or changes its password: what was checked before is checked once more.
  const user = await lockUser(tx, kept.userId);
  const [current] = await findPasswords(tx, [kept.userId]);
  if (!user || !canSignIn(user) || current?.hash !== kept.hash) throw wrongCredentials();
  await touchPassword(tx, kept.id, kept.hash, now, upgraded);
  await resetCounter(tx, flow.attemptKey);
  await uncount(tx, networkKey(ctx));
  const tokens = flow.purpose === 'STEP_UP' ? await renew(ctx, tx, user, flow) : await begin(ctx, tx, user, flow, deviceName);
  return shown(ctx, completed, tokens);
}

/** A fresh access token of the same session. */
async function renew(ctx: Context, tx: Db, user: User, flow: Flow): Promise<TokenSet> {
  const now = ctx.now();
  const session = flow.sessionId ? await updateSession(tx, flow.sessionId, now, { authTime: now, lastSeenAt: now }) : null;
  if (!session) throw noLongerValid('sign-in');
  const tokens = await issueTokens(ctx, tx, user, session, null);
  await record(ctx, tx, { name: 'session.stepped_up', actorId: user.id, target: session.id });
  return tokens;
}

async function begin(ctx: Context, tx: Db, user: User, flow: Flow, deviceName: string | undefined): Promise<TokenSet> {
  const now = ctx.now();
  const device = readDevice(ctx.client.userAgent);
  const known = await countDevices(tx, user.id, device);
  const session = await insertSession(tx, {
    userId: user.id,
    clientId: flow.clientId,
    scope: firstPartyScope,
    deviceName: deviceName ?? device.name,
    os: device.os,
    browser: device.browser,
    ipAddress: ctx.client.ipAddress,
    methods: ['PASSWORD'],
    acr: 'aal1',
    authTime: now,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: new Date(now.getTime() + sessionMs),
  });
  const refreshToken = await beginFamily(ctx, tx, session);
  const tokens = await issueTokens(ctx, tx, user, session, refreshToken);
  await tellStarted(ctx, tx, session, known.all > 0 && known.same === 0);
  return tokens;
}

async function tellStarted(ctx: Context, tx: Db, session: Session, isNewDevice: boolean): Promise<void> {
  const { id, userId, clientId, deviceName } = session;
  await emit(ctx, tx, outbox, sessionStarted, { userId, sessionId: id, clientId, reason: null }, { organizationId: null });
  if (isNewDevice) await notify(ctx, tx, userId, 'NEW_DEVICE', id, { device: deviceName, ipAddress: session.ipAddress });
  await record(ctx, tx, {
    name: 'session.started',
    actorId: userId,
    target: id,
    clientId,
    details: { methods: session.methods, device: deviceName },
  });
}

interface ReadDevice {
  readonly name: string;
  readonly os: string | null;
  readonly browser: string | null;
}

/** What a client's own words say of its device. */
export function readDevice(userAgent: string | null): ReadDevice {
  if (!userAgent) return { name: 'Unknown device', os: null, browser: null };
  const { os, browser } = Bowser.parse(userAgent.slice(0, 500));
  const known = { os: os.name?.slice(0, 100) || null, browser: browser.name?.slice(0, 100) || null };
  return { ...known, name: [known.browser ?? 'Unknown browser', ...(known.os ? ['on', known.os] : [])].join(' ') };
}
