import { nameText } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { hashSecret, makeSecret, open, seal } from '../../secrets.ts';
import { beginLinkedVisit, type ExternalVisit, insertVisit, takeVisit } from '../../store/external.ts';
import { minuteMs, noLongerValid } from '../shared.ts';
import { asked, callbackUrl, configurationOf, notSignedIn, openIdClient, requireProvider } from './providers.ts';

const purpose = 'external-visit';
const visitMs = 10 * minuteMs;

const Sealed = z.object({ nonce: z.string(), verifier: z.string(), interactionId: z.string().nullable() });

/** Where a browser is sent, and the secret that it keeps so that nobody else comes back in its place. */
export interface Departure {
  readonly url: string;
  readonly browserSecret: string;
}

/** Who somebody is at another provider. */
export interface ExternalPerson {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | undefined;
  readonly isEmailVerified: boolean;
  readonly name: string | undefined;
  readonly username: string | undefined;
  readonly locale: string | undefined;
}

export interface Returned {
  readonly visit: ExternalVisit;
  readonly interactionId: string | null;
  readonly person: ExternalPerson;
}

/** Sends a browser to a provider: to sign in for an app, or by a link of ours that was made to link an account. */
export async function depart(
  ctx: Context,
  key: string,
  why: { readonly interactionId: string } | { readonly linkSecret: string },
): Promise<Departure> {
  const provider = requireProvider(ctx, key);
  const config = await configurationOf(ctx, provider);
  const library = await openIdClient();
  const [state, nonce, verifier, browserSecret] = [makeSecret(), makeSecret(), makeSecret(), makeSecret()];
  const interactionId = 'interactionId' in why ? why.interactionId : null;
  const sealed = seal(ctx.settings.internalKey, purpose, JSON.stringify({ nonce, verifier, interactionId }));
  const secrets = { stateHash: hashSecret(state), browserHash: hashSecret(browserSecret), sealed };
  const now = ctx.now();
  if ('linkSecret' in why) {
    if (!(await beginLinkedVisit(ctx.db, hashSecret(why.linkSecret), now, secrets))) throw noLongerValid('link');
  } else {
    const expiresAt = new Date(now.getTime() + visitMs);
    await insertVisit(ctx.db, { purpose: 'SIGN_IN', provider: key, ...secrets, createdAt: now, expiresAt });
  }
  const url = library.buildAuthorizationUrl(config, {
    redirect_uri: callbackUrl(ctx, key),
    response_type: 'code',
    scope: 'openid profile email',
    state,
    nonce,
    code_challenge: await library.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  return { url: url.href, browserSecret };
}

/** Notes that somebody is about to link an account, in a session of theirs; gives the secret of the link that begins the visit. */
export async function prepareLink(
  ctx: Context,
  key: string,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
): Promise<string> {
  requireProvider(ctx, key);
  const secret = makeSecret();
  const now = ctx.now();
  await insertVisit(ctx.db, {
    purpose: 'LINK',
    provider: key,
    linkHash: hashSecret(secret),
    sealed: '',
    userId,
    sessionId,
    createdAt: now,
    expiresAt: new Date(now.getTime() + visitMs),
  });
  return secret;
}

/** Takes a browser back in that comes from a provider: `state`, `nonce`, PKCE, `iss` and the browser itself must be those that went. */
export async function welcomeBack(ctx: Context, key: string, url: URL, browserSecret: string | undefined): Promise<Returned> {
  const provider = requireProvider(ctx, key);
  const state = url.searchParams.get('state');
  const hashes = state && browserSecret ? { stateHash: hashSecret(state), browserHash: hashSecret(browserSecret) } : null;
  const visit = hashes && (await takeVisit(ctx.db, { provider: key, ...hashes }, ctx.now()));
  if (!visit || !state) throw noLongerValid('sign-in');
  const { nonce, verifier, interactionId } = Sealed.parse(JSON.parse(open(ctx.settings.internalKey, purpose, visit.sealed)));
  const config = await configurationOf(ctx, provider);
  const library = await openIdClient();
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  const tokens = await asked(ctx, provider, library.authorizationCodeGrant(config, url, checks));
  const claims = tokens.claims();
  if (!claims) throw noLongerValid('sign-in');
  // Providers may keep addresses out of the ID token.
  const more =
    claims['email'] === undefined && config.serverMetadata().userinfo_endpoint
      ? await asked(ctx, provider, library.fetchUserInfo(config, tokens.access_token, claims.sub))
      : {};
  if (!isSubject(claims.sub)) throw notSignedIn(provider.name);
  return { visit, interactionId, person: personOf({ ...more, ...claims }) };
}

/** What people are called at a provider (OpenID Connect Core 1.0, 2); whoever has no name there is not the same person twice. */
const isSubject = (sub: string): boolean => /^[\x20-\x7E]{1,255}$/.test(sub) && sub.trim() === sub;

const claimed = nameText({ max: 1_000 });

/** What a provider says of somebody, as far as it is text that can be shown. */
const text = (value: unknown): string | undefined => claimed.safeParse(value).data;

const personOf = (claims: Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string }): ExternalPerson => ({
  issuer: claims.iss,
  subject: claims.sub,
  email: text(claims['email']),
  isEmailVerified: claims['email_verified'] === true,
  name: text(claims['name']),
  username: text(claims['preferred_username']),
  locale: text(claims['locale']),
});
