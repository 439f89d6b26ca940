import type { Db } from '@supergraph/platform/database';
import { DomainError, unauthenticated } from '@supergraph/platform/errors';
import { parseInput } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { canSignIn } from '../policy.ts';
import { hashSecret, makeSecret, open, seal } from '../secrets.ts';
import {
  consumeRefreshToken,
  findRefreshToken,
  findSessions,
  insertRefreshToken,
  lockUnusedRefreshToken,
  type RefreshToken,
  type Session,
  updateSession,
} from '../store/sessions.ts';
import { findUsers } from '../store/users.ts';
import { endAndTell, tellCompromised } from './sessions.ts';
import { dayMs } from './shared.ts';
import { firstPartyClient, issueTokens, type TokenSet } from './tokens.ts';

const idleMs = 30 * dayMs;
/** So long a lost answer can be fetched again. */
const graceMs = 10_000;
const purpose = 'refresh-successor';

const Refresh = z.strictObject({ refreshToken: z.string().min(1, 'must not be empty').max(500, 'must have at most 500 characters') });

/** A refresh as any door asks for it: the mutation, the token endpoint. */
export interface RefreshRequest {
  readonly refreshToken: string;
  readonly clientId: string;
  /** Fewer scopes than the session has, separated by spaces. */
  readonly scope?: string | undefined;
  /** The thumbprint of the key that the caller proved to have (RFC 9449). */
  readonly key?: string | undefined;
}

const invalidGrant = () => unauthenticated('this refresh token is no longer valid; sign in again', { reason: 'INVALID_GRANT' });
const invalidScope = () =>
  new DomainError('BAD_USER_INPUT', 'scope must be among those of the session', {
    reason: 'INVALID_SCOPE',
    issues: [{ path: 'scope', message: 'must be among those of the session' }],
  });

/** The mutation's door: a refresh by the platform's own client. */
export async function refreshSession(ctx: Context, input: unknown): Promise<TokenSet> {
  const { refreshToken } = parseInput(Refresh, input);
  return refreshTokens(ctx, { refreshToken, clientId: firstPartyClient });
}

/** Until when a session's newest refresh token may lie unused. */
export const idleUntil = (session: Session, now: Date): Date => new Date(Math.min(now.getTime() + idleMs, session.expiresAt.getTime()));

/** The first refresh token of a session. */
export async function beginFamily(ctx: Context, tx: Db, session: Session): Promise<string> {
  const token = makeSecret();
  await insertRefreshToken(tx, {
    sessionId: session.id,
    hash: hashSecret(token),
    createdAt: ctx.now(),
    idleUntil: idleUntil(session, ctx.now()),
  });
  return token;
}

/**
 * Uses a refresh token up and gives its successor. A used one gives the same successor for 10 seconds, while that is
 * unused; later it was stolen, and the whole family ends with its session.
 */
export async function refreshTokens(ctx: Context, request: RefreshRequest): Promise<TokenSet> {
  // The end of a stolen family must be committed before the caller is refused, so it is not thrown inside.
  const tokens = await ctx.db.transaction((tx) => rotate(ctx, tx, request));
  if (!tokens) throw invalidGrant();
  return tokens;
}

async function rotate(ctx: Context, tx: Db, request: RefreshRequest): Promise<TokenSet | null> {
  const now = ctx.now();
  const successor = makeSecret();
  const successorHash = hashSecret(successor);
  const used = await consumeRefreshToken(tx, hashSecret(request.refreshToken), now, {
    successorHash,
    sealedSuccessor: seal(request.refreshToken, purpose, successor),
  });
  if (!used) return repeatOrEnd(ctx, tx, request);
  const session = await updateSession(tx, used.sessionId, now, { lastSeenAt: now });
  // Thrown inside, so that the token of another client or of an ended session is as it was.
  if (!session || !isBy(session, request)) throw invalidGrant();
  await insertRefreshToken(tx, { sessionId: session.id, hash: successorHash, createdAt: now, idleUntil: idleUntil(session, now) });
  return tokensOf(ctx, tx, session, successor, request);
}

/** Whether it is the session's own client that asks, with the key that the session is bound to. */
const isBy = (session: Session, { clientId, key }: RefreshRequest): boolean =>
  session.clientId === clientId && (session.boundKey === null || session.boundKey === key);

async function tokensOf(ctx: Context, tx: Db, session: Session, refreshToken: string, { scope, key }: RefreshRequest): Promise<TokenSet> {
  const [user] = await findUsers(tx, [session.userId]);
  if (!user || !canSignIn(user)) throw invalidGrant();
  return issueTokens(ctx, tx, user, session, refreshToken, { scope: narrowed(session.scope, scope), key });
}

function narrowed(held: string, wanted: string | undefined): string {
  if (wanted === undefined) return held;
  const scopes = wanted.split(' ').filter(Boolean);
  if (scopes.length === 0 || scopes.some((scope) => !held.split(' ').includes(scope))) throw invalidScope();
  return scopes.join(' ');
}

async function repeatOrEnd(ctx: Context, tx: Db, request: RefreshRequest): Promise<TokenSet | null> {
  const token = await findRefreshToken(tx, hashSecret(request.refreshToken));
  if (!token?.consumedAt) return null;
  const [session] = await findSessions(tx, [token.sessionId]);
  if (!session || session.endedAt) return null;
  const successor = await unusedSuccessor(ctx, tx, token, session, request);
  if (successor) return tokensOf(ctx, tx, session, successor, request);
  await endFamily(ctx, tx, session);
  return null;
}

/** The successor of a token that was used a moment ago, if nobody used that one yet. */
async function unusedSuccessor(
  ctx: Context,
  tx: Db,
  token: RefreshToken,
  session: Session,
  request: RefreshRequest,
): Promise<string | null> {
  const { consumedAt, successorHash, sealedSuccessor } = token;
  if (!consumedAt || !successorHash || !sealedSuccessor || !isBy(session, request)) return null;
  if (ctx.now().getTime() - consumedAt.getTime() > graceMs) return null;
  if (!(await lockUnusedRefreshToken(tx, successorHash))) return null;
  return open(request.refreshToken, purpose, sealedSuccessor);
}

async function endFamily(ctx: Context, tx: Db, session: Session): Promise<void> {
  const [ended] = await endAndTell(ctx, tx, session.userId, 'COMPROMISED', { only: session.id });
  if (ended) await tellCompromised(ctx, tx, ended, 'REFRESH_TOKEN_REUSED');
}
