import type { Db } from '@supergraph/platform/database';
import { notFound } from '@supergraph/platform/errors';
import { idInput, parseInput } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { defineWorker } from '@supergraph/platform/workers';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { canUseTokens } from '../../policy.ts';
import {
  type AccessToken,
  countAccessTokens,
  findLiveToken,
  listAccessTokens,
  listRevoked,
  takeExpiring,
  touchAccessToken,
} from '../../store/access-tokens.ts';
import type { User } from '../../store/users.ts';
import { listArtifactsNoted } from '../../store/oauth-artifacts.ts';
import { record } from '../audit.ts';
import { revokedKind } from '../oauth/service-tokens.ts';
import { dayMs, minuteMs, notify } from '../shared.ts';
import { endTokens } from './end.ts';
import { maySeeTokens } from './may.ts';

const warningMs = 7 * dayMs;
const warnedAtOnce = 200;
/** How exact `lastUsedAt` is. */
const usedEveryMs = minuteMs;
const mostRevoked = 10_000;

const One = z.strictObject({ accessTokenId: idInput });

/** An account's tokens that hold, newest first; null for whom they do not concern. */
export async function pageOfTokens(ctx: Context, userId: string, args: PageArguments): Promise<Connection<AccessToken> | null> {
  if (!(await maySeeTokens(ctx, userId))) return null;
  const page = readPage(ctx, args, ['access-tokens', userId]);
  const now = ctx.now();
  const rows = await listAccessTokens(ctx.db, page, userId, now);
  return toConnection(
    ctx,
    page,
    rows,
    (token) => [token.id],
    () => countAccessTokens(ctx.db, userId, now),
  );
}

/** A token that holds and concerns the viewer, or null. */
export async function findToken(ctx: Context, id: string): Promise<AccessToken | null> {
  if (!idInput.safeParse(id).success) return null;
  const token = await ctx.loaders.accessTokenById.load(id);
  if (!token || token.revokedAt || token.expiresAt <= ctx.now()) return null;
  return (await maySeeTokens(ctx, token.userId)) ? token : null;
}

/** Ends a token of the viewer's, or of a service account that they manage. */
export async function revokeAccessToken(ctx: Context, input: unknown): Promise<string> {
  const { accessTokenId } = parseInput(One, input);
  const token = await findToken(ctx, accessTokenId);
  if (!token) throw notFound('AccessToken');
  await ctx.db.transaction(async (tx) => {
    const [ended] = await endTokens(ctx, tx, { id: token.id });
    if (!ended) throw notFound('AccessToken');
    await recordRevoked(ctx, tx, [ended], 'REVOKED');
  });
  return token.id;
}

/** Notes in the audit log which tokens ended and why; last in the transaction. */
export async function recordRevoked(ctx: Context, tx: Db, ended: readonly AccessToken[], reason: string): Promise<void> {
  for (const { id, userId, organizationId, prefix } of ended)
    await record(ctx, tx, { name: 'access_token.revoked', subjectId: userId, organizationId, target: id, details: { prefix, reason } });
}

/** What the gateway needs to know of a token that somebody shows. */
export interface TokenContext {
  readonly token: AccessToken;
  readonly user: User;
}

/** The token of a hash with its account, if both may be used; null otherwise. */
export async function findTokenContext(ctx: Context, hash: string): Promise<TokenContext | null> {
  const now = ctx.now();
  const found = await findLiveToken(ctx.db, hash, now);
  if (!found || !canUseTokens(found.user)) return null;
  const { id, lastUsedAt } = found.token;
  const stale = new Date(now.getTime() - usedEveryMs);
  if (!lastUsedAt || lastUsedAt < stale) await touchAccessToken(ctx.db, id, now, stale);
  return found;
}

/** Ids of tokens that were revoked from a moment on: what the gateway refuses. */
export const revokedTokens = async (ctx: Context, since: Date): Promise<string[]> =>
  [...(await listRevoked(ctx.db, since, mostRevoked)), ...(await listArtifactsNoted(ctx.db, revokedKind, since, mostRevoked))].slice(
    0,
    mostRevoked,
  );

/** Warns of tokens that end within 7 days, each once. */
export const expiryWarner = defineWorker<Record<string, never>, Context['loaders']>({
  name: 'warn-of-expiring-tokens',
  data: z.strictObject({}),
  schedule: '7 * * * *',
  run: async (ctx) => {
    for (;;) {
      const taken = await ctx.db.transaction((tx) => warn(ctx, tx));
      if (taken < warnedAtOnce) return;
    }
  },
});

async function warn(ctx: Context, tx: Db): Promise<number> {
  const now = ctx.now();
  const expiring = await takeExpiring(tx, now, new Date(now.getTime() + warningMs), warningMs, warnedAtOnce);
  for (const { id, createdById, name, expiresAt } of expiring)
    await notify(ctx, tx, createdById, 'TOKEN_EXPIRING', id, { name, expiresAt: expiresAt.toISOString() });
  return expiring.length;
}
