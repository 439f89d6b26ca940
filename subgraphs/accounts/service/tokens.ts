import { randomUUID } from 'node:crypto';
import type { Db } from '@supergraph/platform/database';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import type { Context } from '../context.ts';
import { open, seal } from '../secrets.ts';
import { findActiveKey, insertSigningKey, listPublishedKeys, lockFor, type SigningKey } from '../store/records.ts';
import type { Session } from '../store/sessions.ts';
import type { User } from '../store/users.ts';

export const accessTokenSeconds = 600;
/** What a first-party client may do; the gateway's edge takes it for every scope that is not an administrator's. */
export const firstPartyScope = 'app';
export const firstPartyClient = 'first-party';
const algorithm = 'ES256';
const keyPurpose = 'signing-key';

/** What a client gets when somebody is signed in. */
export interface TokenSet {
  readonly accessToken: string;
  readonly tokenType: 'Bearer';
  readonly expiresIn: number;
  readonly refreshToken: string | null;
  readonly scope: string;
}

/** Makes the first signing key, once, however many processes start together. */
export async function ensureSigningKey(ctx: Pick<Context, 'db' | 'settings' | 'now'>): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await lockFor(tx, 'signing-keys');
    if (await findActiveKey(tx)) return;
    const pair = await generateKeyPair(algorithm, { extractable: true });
    const publicJwk = await exportJWK(pair.publicKey);
    const kid = await calculateJwkThumbprint(publicJwk);
    const sealedPrivateKey = seal(ctx.settings.internalKey, keyPurpose, JSON.stringify(await exportJWK(pair.privateKey)));
    await insertSigningKey(tx, {
      kid,
      algorithm,
      state: 'ACTIVE',
      publicJwk: { ...publicJwk, kid, alg: algorithm, use: 'sig' },
      sealedPrivateKey,
      activeFrom: ctx.now(),
    });
  });
}

/** The public keys, as verifiers want them. */
export async function publicKeySet(ctx: Context): Promise<{ keys: JWK[] }> {
  const keys = await listPublishedKeys(ctx.db);
  return { keys: keys.map(({ publicJwk }) => publicJwk as JWK) };
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
    ...(user.locale ? { locale: user.locale } : {}),
    ...(user.timeZone ? { zoneinfo: user.timeZone } : {}),
  })
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: 'at+jwt' })
    .setIssuer(publicUrl)
    .setAudience(`${publicUrl}/graphql`)
    .setSubject(user.id)
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + accessTokenSeconds)
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
    expiresIn: accessTokenSeconds,
    refreshToken,
    scope,
  };
}
