import { randomUUID } from 'node:crypto';
import type { Db } from '@supergraph/platform/database';
import { importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
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
/** No session lives longer. */
export const sessionMs = 180 * 24 * 3_600_000;
/** No access token lives longer. */
export const longestTokenSeconds = actingTokenSeconds;

/** What a client gets when somebody is signed in. */
export interface TokenSet {
  readonly accessToken: string;
  readonly tokenType: 'Bearer' | 'DPoP';
  readonly expiresIn: number;
  readonly refreshToken: string | null;
  readonly scope: string;
  /** Signed when it is asked for; null where somebody else acts as the person. */
  readonly idToken: () => Promise<string | null>;
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

/** The methods that claims name; what was proved elsewhere counts as external. */
export const methodsOf = (amr: readonly string[]): Session['methods'] =>
  (Object.keys(amrOf) as (keyof typeof amrOf)[]).filter((method) => amr.includes(amrOf[method]));

/** The claim `amr` (RFC 8176) of what was proved. */
export const amrClaim = ({ methods, acr }: Pick<Session, 'methods' | 'acr'>): string[] => [
  ...methods.map((method) => amrOf[method]),
  ...(acr === 'aal2' ? ['mfa'] : []),
];

const lifeOf = ({ actorId }: Session): number => (actorId ? actingTokenSeconds : accessTokenSeconds);

/** Whether a session is the person's own, in a client of the platform's; an app that was let in holds scopes alone. */
const isOwn = ({ scope }: Session): boolean => scope.split(' ').includes(firstPartyScope);

/**
 * What the access tokens of a session say beside what every token does. Scopes are what an app was let in for:
 * nobody who lets one in gives it the power that they have over the platform.
 */
export const claimsOf = (user: User, session: Session): Record<string, unknown> => ({
  sid: session.id,
  roles: isOwn(session) ? user.roles : ['USER'],
  acr: session.acr,
  amr: amrClaim(session),
  auth_time: Math.floor(session.authTime.getTime() / 1_000),
  kind: user.kind,
  ...(session.actorId ? { act: { sub: session.actorId } } : {}),
  ...(session.organizationId ? { organization_id: session.organizationId } : {}),
  ...(user.locale ? { locale: user.locale } : {}),
  ...(user.timeZone ? { zoneinfo: user.timeZone } : {}),
});

/** What a token is for, where that is not all that its session is for. */
export interface TokenLimits {
  readonly scope?: string | undefined;
  /** The thumbprint of the key whose holder alone may show it (RFC 9449). */
  readonly key?: string | undefined;
}

async function requireKey(db: Db): Promise<SigningKey> {
  const key = await findActiveKey(db);
  if (!key) throw new Error('there is no active signing key');
  return key;
}

interface Wrapping {
  readonly typ: 'at+jwt' | 'JWT';
  readonly audience: string;
}

/** Signs what is said of a person to an audience, for as long as an access token of the session lives. */
async function sign(ctx: Context, key: SigningKey, session: Session, claims: JWTPayload, { typ, audience }: Wrapping): Promise<string> {
  const issuedAt = Math.floor(ctx.now().getTime() / 1_000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ })
    .setIssuer(ctx.settings.publicUrl)
    .setAudience(audience)
    .setSubject(session.userId)
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
  { scope = session.scope, key: boundKey }: TokenLimits = {},
): Promise<TokenSet> {
  const key = await requireKey(db);
  const claims = {
    ...claimsOf(user, session),
    client_id: session.clientId,
    scope,
    jti: randomUUID(),
    ...(boundKey ? { cnf: { jkt: boundKey } } : {}),
  };
  return {
    accessToken: await sign(ctx, key, session, claims, { typ: 'at+jwt', audience: `${ctx.settings.publicUrl}/graphql` }),
    tokenType: boundKey ? 'DPoP' : 'Bearer',
    expiresIn: lifeOf(session),
    refreshToken,
    scope,
    idToken: async () =>
      session.actorId ? null : sign(ctx, key, session, identityOf(session), { typ: 'JWT', audience: session.clientId }),
  };
}

/** How somebody signed in, and in which session (OpenID Connect Core 1.0, 2; Front-Channel Logout 1.0, 3). */
const identityOf = (session: Session): JWTPayload => ({
  sid: session.id,
  acr: session.acr,
  amr: amrClaim(session),
  auth_time: Math.floor(session.authTime.getTime() / 1_000),
});
