import { randomUUID } from 'node:crypto';
import type { Db } from '@supergraph/platform/database';
import { importJWK, type JWK, SignJWT } from 'jose';
import type { Context } from '../context.ts';
import { open } from '../secrets.ts';
import type { Session } from '../store/sessions.ts';
import { findActiveKey, type SigningKey } from '../store/signing-keys.ts';
import type { User } from '../store/users.ts';

export const accessTokenSeconds = 600;
/** What a first-party client may do; the gateway's edge takes it for every scope that is not an administrator's. */
export const firstPartyScope = 'app';
export const firstPartyClient = 'first-party';
export const algorithm = 'ES256';
/** What private keys are sealed for. */
export const keyPurpose = 'signing-key';
/** Administrators who act as somebody have that long, and no refresh. */
const actingTokenSeconds = 900;
/** No access token lives longer. */
export const longestTokenSeconds = actingTokenSeconds;

/** What a client gets when somebody is signed in. */
export interface TokenSet {
  readonly accessToken: string;
  readonly tokenType: 'Bearer';
  readonly expiresIn: number;
  readonly refreshToken: string | null;
  readonly scope: string;
}

type PrivateKey = Awaited<ReturnType<typeof importJWK>>;
const privateKeys = new Map<string, Promise<PrivateKey>>();

/** Importing a key costs as much as signing, so each is imported once per process. */
function privateKeyOf(ctx: Context, key: SigningKey): Promise<PrivateKey> {
  const known = privateKeys.get(key.kid);
  if (known) return known;
  const imported = importJWK(JSON.parse(open(ctx.settings.internalKey, keyPurpose, key.sealedPrivateKey)) as JWK, key.algorithm);
  privateKeys.set(key.kid, imported);
  return imported;
}

const amrOf: Readonly<Record<Session['methods'][number], string>> = {
  PASSWORD: 'pwd',
  PASSKEY: 'hwk',
  TOTP: 'otp',
  RECOVERY_CODE: 'kba',
  EXTERNAL: 'fed',
};

const lifeOf = ({ actorId }: Session): number => (actorId ? actingTokenSeconds : accessTokenSeconds);

/** Signs an access token of a session. */
export async function issueAccessToken(ctx: Context, db: Db, user: User, session: Session, scope = session.scope): Promise<string> {
  const key = await findActiveKey(db);
  if (!key) throw new Error('there is no active signing key');
  const issuedAt = Math.floor(ctx.now().getTime() / 1_000);
  const { publicUrl } = ctx.settings;
  return new SignJWT({
    sid: session.id,
    client_id: session.clientId,
    scope,
    roles: user.roles,
    acr: session.acr,
    amr: [...session.methods.map((method) => amrOf[method]), ...(session.acr === 'aal2' ? ['mfa'] : [])],
    auth_time: Math.floor(session.authTime.getTime() / 1_000),
    kind: user.kind,
    ...(session.actorId ? { act: { sub: session.actorId } } : {}),
    ...(user.locale ? { locale: user.locale } : {}),
    ...(user.timeZone ? { zoneinfo: user.timeZone } : {}),
  })
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: 'at+jwt' })
    .setIssuer(publicUrl)
    .setAudience(`${publicUrl}/graphql`)
    .setSubject(user.id)
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifeOf(session))
    .sign(await privateKeyOf(ctx, key));
}

/** An access token with what belongs to it. */
export async function issueTokens(
  ctx: Context,
  db: Db,
  user: User,
  session: Session,
  refreshToken: string | null,
  scope = session.scope,
): Promise<TokenSet> {
  return {
    accessToken: await issueAccessToken(ctx, db, user, session, scope),
    tokenType: 'Bearer',
    expiresIn: lifeOf(session),
    refreshToken,
    scope,
  };
}
