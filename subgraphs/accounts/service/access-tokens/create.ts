import { randomInt } from 'node:crypto';
import { outbox } from '@supergraph/db/accounts/tables';
import type { Viewer } from '@supergraph/platform/context';
import { badInput, conflict, type Issue, notFound } from '@supergraph/platform/errors';
import { idInput, nameText, optional, parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { hashPersonalToken, personalTokenChecksum } from '@supergraph/platform/personal-token';
import { accessTokenCreated } from '@supergraph/schema/events/accounts';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { isGrantable } from '../../policy.ts';
import { makeSecret } from '../../secrets.ts';
import { type AccessToken, countAccessTokens, insertAccessToken } from '../../store/access-tokens.ts';
import { lockUser, type User } from '../../store/users.ts';
import { record } from '../audit.ts';
import { dayMs, notify } from '../shared.ts';
import { requireStepUp } from '../step-up.ts';
import { managesService, permissionsIn } from './may.ts';

const mostTokens = 50;
const longestDays = 366;
const usualDays = 90;
const mostScopes = 100;
const publicLength = 8;
const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const NewToken = z.strictObject({
  name: nameText({ max: 100 }),
  scopes: z
    .array(z.string())
    .min(1, 'must name at least 1')
    .max(mostScopes, `must be at most ${mostScopes}`)
    .transform((scopes) => [...new Set(scopes)]),
  organizationId: optional(idInput),
  expiresAt: optional(z.date()),
  serviceAccountId: optional(idInput),
});

/** A token as its maker sees it, once. */
export interface MadeToken {
  readonly accessToken: AccessToken;
  readonly secret: string;
}

/** Makes a personal access token for the viewer, or for a service account that they manage. */
export async function createAccessToken(ctx: Context, input: unknown): Promise<MadeToken> {
  const viewer = await requireStepUp(ctx);
  const wanted = parseInput(NewToken, input);
  const expiresAt = wanted.expiresAt ?? new Date(ctx.now().getTime() + usualDays * dayMs);
  const issues = issuesOf(viewer, wanted.scopes, expiresAt, ctx.now());
  if (issues.length > 0) throw badInput(issues);
  const owner = await ownerOf(ctx, viewer, wanted.serviceAccountId);
  const organizationId = await organizationOf(ctx, owner, wanted.organizationId);
  const { prefix, secret } = makeToken();
  return ctx.db.transaction(async (tx) => {
    const user = await lockUser(tx, owner.id);
    if (user?.status !== 'ACTIVE' && user?.status !== 'DELETION_SCHEDULED') throw notFound('ServiceAccount');
    if ((await countAccessTokens(tx, user.id, ctx.now())) >= mostTokens)
      throw conflict(`an account has at most ${mostTokens} access tokens; revoke one first`, { reason: 'TOO_MANY_ACCESS_TOKENS' });
    const { name, scopes } = wanted;
    const token = { userId: user.id, createdById: viewer.userId, name, prefix, hash: hashPersonalToken(secret), scopes, organizationId };
    const accessToken = await insertAccessToken(tx, { ...token, acr: viewer.acr, createdAt: ctx.now(), expiresAt });
    const { id } = accessToken;
    await emit(ctx, tx, outbox, accessTokenCreated, { userId: user.id, tokenId: id, organizationId }, { organizationId });
    await notify(ctx, tx, viewer.userId, 'CREDENTIAL_CHANGED', `${id}:added`, { credential: 'ACCESS_TOKEN', change: 'ADDED', name });
    await record(ctx, tx, {
      name: 'access_token.created',
      subjectId: user.id,
      organizationId,
      target: id,
      details: { prefix, scopes, expiresAt: expiresAt.toISOString() },
    });
    return { accessToken, secret };
  });
}

function issuesOf(viewer: Viewer, scopes: readonly string[], expiresAt: Date, now: Date): Issue[] {
  const issues: Issue[] = scopes.flatMap((scope, index) =>
    isGrantable(viewer, scope) ? [] : [{ path: `scopes.${index}`, message: 'is no scope that you have and may hand on' }],
  );
  if (expiresAt <= now) issues.push({ path: 'expiresAt', message: 'must be in the future' });
  if (expiresAt.getTime() > now.getTime() + longestDays * dayMs)
    issues.push({ path: 'expiresAt', message: `must be at most ${longestDays} days away` });
  return issues;
}

async function ownerOf(ctx: Context, { userId }: Viewer, serviceAccountId: string | undefined): Promise<User> {
  const owner = await ctx.loaders.userById.load(serviceAccountId ?? userId);
  if (!owner || (serviceAccountId && !(await managesService(ctx, owner)))) throw notFound('ServiceAccount');
  return owner;
}

/** A service account's token works where it belongs; a person's in an organization of theirs, or wherever they may. */
async function organizationOf(ctx: Context, owner: User, wanted: string | undefined): Promise<string | null> {
  if (owner.kind === 'SERVICE') {
    if (wanted && wanted !== owner.organizationId) throw notFound('Organization');
    return owner.organizationId;
  }
  if (wanted && !(await permissionsIn(ctx, wanted))) throw notFound('Organization');
  return wanted ?? null;
}

function makeToken(): { prefix: string; secret: string } {
  const prefix = `pat_${Array.from({ length: publicLength }, () => letters[randomInt(letters.length)]).join('')}`;
  const body = `${prefix}${makeSecret()}`;
  return { prefix, secret: `${body}${personalTokenChecksum(body)}` };
}
