import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider';
import { createLocalJWKSet, errors as joseErrors, jwtVerify, type JWTPayload } from 'jose';
import { hashSecret } from '../secrets.ts';
import { record } from '../service/audit.ts';
import { endGrant } from '../service/oauth/end-grant.ts';
import { revokeServiceToken, wasRevoked } from '../service/oauth/service-tokens.ts';
import { keepRefreshToken } from '../service/oauth/session-of-grant.ts';
import { endAndTell } from '../service/sessions.ts';
import { algorithm } from '../service/tokens.ts';
import { publicKeySet } from '../service/signing-keys.ts';
import { findOpenSession, findRefreshToken, type Session } from '../store/sessions.ts';
import { surroundings } from './around.ts';
import { byHash } from './seals.ts';
import { textOf } from './words.ts';

const unsupported = (): Promise<never> => Promise.reject(new Error('this is not how these tokens are kept'));
const seconds = (date: Date): number => Math.floor(date.getTime() / 1_000);
const none = () => Promise.resolve();

async function liveSession(id: string | undefined): Promise<Session | undefined> {
  if (!id) return undefined;
  const { ctx, db } = surroundings();
  return (await findOpenSession(db, id, ctx.now())) ?? undefined;
}

/** Refresh tokens are the session's own, whichever way it began. */
export const refreshTokenAdapter: Adapter = {
  upsert: (id, { grantId, jkt }) => keepRefreshToken(surroundings().ctx, { token: id, grantId, key: jkt }),
  find: async (id) => {
    const { ctx, db } = surroundings();
    const token = await findRefreshToken(db, hashSecret(id));
    if (!token || token.consumedAt || token.idleUntil <= ctx.now()) return undefined;
    const session = await liveSession(token.sessionId);
    if (!session) return undefined;
    return {
      jti: id,
      kind: 'RefreshToken',
      iat: seconds(token.createdAt),
      exp: seconds(token.idleUntil),
      sid: session.id,
      ...ofSession(session),
      ...(session.boundKey ? { jkt: session.boundKey } : {}),
    };
  },
  destroy: async (id) => {
    const { db } = surroundings();
    const token = await findRefreshToken(db, hashSecret(id));
    if (token) await endSession(token.sessionId);
  },
  revokeByGrantId: none,
  findByUid: unsupported,
  findByUserCode: unsupported,
  consume: unsupported,
};

const ofSession = ({ userId, clientId, scope, grantId }: Session): AdapterPayload => ({
  accountId: userId,
  clientId,
  scope,
  ...(grantId ? { grantId: byHash(grantId) } : {}),
});

async function endSession(id: string): Promise<void> {
  const { ctx } = surroundings();
  const session = await liveSession(id);
  if (!session) return;
  if (session.grantId) return endGrant(ctx, session.grantId, 'REVOKED');
  const { userId, clientId } = session;
  await ctx.db.transaction(async (tx) => {
    const [ended] = await endAndTell(ctx, tx, userId, 'SIGNED_OUT', { only: id });
    if (!ended) return;
    await record(ctx, tx, {
      name: 'session.ended',
      actorId: userId,
      subjectId: userId,
      target: id,
      clientId,
      details: { reason: 'SIGNED_OUT' },
    });
  });
}

/** Access tokens are JWTs and kept nowhere: one that is shown to us is read, and held against its session. */
export const shownTokenAdapter = (kind: 'AccessToken' | 'ClientCredentials'): Adapter => ({
  find: async (value) => {
    const claims = await readShown(value);
    if (!claims || (kind === 'AccessToken') !== (claims['sid'] !== undefined)) return undefined;
    surroundings().shown = claims;
    const { jti, iat, exp, scope, aud } = claims;
    // The library keeps tokens with an audience from its own endpoint, which ours are good for as well.
    const audience = Provider.ctx?.oidc.route === 'userinfo' ? {} : { aud };
    const base: AdapterPayload = { jti, iat, exp, kind, ...audience, ...boundTo(claims) };
    if (kind === 'ClientCredentials') {
      if (await wasRevoked(surroundings().db, String(jti))) return undefined;
      return { ...base, clientId: textOf(claims['client_id']), scope: textOf(scope) };
    }
    const session = await liveSession(textOf(claims['sid']));
    return session ? { ...base, ...ofSession(session), scope: textOf(scope), sid: session.id } : undefined;
  },
  destroy: async () => {
    const { ctx, shown } = surroundings();
    if (!shown) return;
    if (shown['sid'] !== undefined) return endSession(textOf(shown['sid']));
    await revokeServiceToken(ctx, shown);
  },
  revokeByGrantId: none,
  upsert: unsupported,
  findByUid: unsupported,
  findByUserCode: unsupported,
  consume: unsupported,
});

const boundTo = (claims: JWTPayload): AdapterPayload => {
  const key = (claims['cnf'] as { jkt?: string } | undefined)?.jkt;
  return key ? { jkt: key } : {};
};

/** Where tokens come marked; elsewhere the mark is part of what somebody sent. */
const marking = new Set(['introspection', 'revocation']);

/** Marks an access token so that the library hands it to us, which refuses to look at JWTs itself. */
export const markShown = (token: string): string => `~${token}`;

async function readShown(value: string): Promise<JWTPayload | undefined> {
  const { ctx } = surroundings();
  const isMarked = marking.has(Provider.ctx?.oidc.route ?? '');
  const token = isMarked ? value.replace(/^~/, '') : value;
  if (token.split('.').length !== 3) return undefined;
  const { publicUrl } = ctx.settings;
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(await publicKeySet(ctx)), {
      algorithms: [algorithm],
      typ: 'at+jwt',
      issuer: publicUrl,
      audience: `${publicUrl}/graphql`,
      requiredClaims: ['exp', 'iat', 'sub', 'client_id', 'jti'],
    });
    return payload;
  } catch (error) {
    if (error instanceof joseErrors.JOSEError) return undefined;
    throw error;
  }
}
