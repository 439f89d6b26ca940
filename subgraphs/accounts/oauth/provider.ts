import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Db } from '@supergraph/platform/database';
import { identityScopes } from '@supergraph/schema/scopes';
import type { JWK } from 'jose';
import { type Configuration, errors, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Context } from '../context.ts';
import { hashSecret, open } from '../secrets.ts';
import { accessTokenSeconds, keyPurpose, sessionMs } from '../service/tokens.ts';
import { findOAuthClients } from '../store/oauth-clients.ts';
import { listSigningPairs, type SigningKey } from '../store/signing-keys.ts';
import { findAccount } from './account.ts';
import { createAdapter } from './adapter.ts';
import { surroundings } from './around.ts';
import { loadExistingGrant } from './consent.ts';
import { interactionPolicy } from './interaction-policy.ts';
import {
  deviceConfirmPage,
  deviceDonePage,
  deviceInputPage,
  errorPage,
  guardPages,
  signedOutPage,
  signOutPage,
} from './pages/provider-pages.ts';
import { refreshGrant } from './refresh-grant.ts';
import { isOutage, outage } from './outage.ts';
import { signInPath } from './paths.ts';
import { resourceServer } from './resource.ts';
import { nameServiceAccount, tokenClaims } from './token-claims.ts';

const known = new WeakMap<Db, { readonly kids: string; readonly provider: Provider }>();

/** The provider as of now, `within` a request: it is made anew when the signing keys change, and keeps nothing but what is in the database. */
export async function providerOf(ctx: Context): Promise<Provider> {
  const keys = await listSigningPairs(surroundings().db);
  const kids = keys.map(({ kid, state }) => `${kid}:${state}`).join(' ');
  const current = known.get(ctx.db);
  if (current?.kids === kids) return current.provider;
  const provider = makeProvider(ctx, keys);
  known.set(ctx.db, { kids, provider });
  return provider;
}

function makeProvider(ctx: Context, keys: readonly SigningKey[]): Provider {
  const { publicUrl, internalKey } = ctx.settings;
  const jwks = keys.map(({ kid, algorithm, sealedPrivateKey }) => ({
    ...(JSON.parse(open(internalKey, keyPurpose, sealedPrivateKey)) as JWK),
    kid,
    alg: algorithm,
    use: 'sig',
  }));
  const provider = new Provider(publicUrl, configurationOf(ctx, { keys: jwks }));
  // Where it stands is said by the settings, see the handler, and not by whoever asks.
  provider.proxy = true;
  provider.registerGrantType('refresh_token', refreshGrant, ['refresh_token', 'scope', 'resource'], ['resource']);
  provider.Client.prototype.compareClientSecret = function (actual: string) {
    return timingSafeEqual(Buffer.from(hashSecret(actual)), Buffer.from(this.clientSecret ?? hashSecret('none')));
  };
  // The library fails over a session that no browser has a cookie of, which nobody needs.
  provider.Session.prototype.persist = async function () {
    return typeof this.exp === 'number' ? this.save(this.exp - Math.floor(Date.now() / 1_000)) : '';
  };
  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- this is Koa, which waits for its handlers
  provider.use(tellOutages);
  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- as above
  provider.use(guardPages);
  provider.on('server_error', (koa, error) => {
    koa.state['fault'] = error;
    ctx.log.error({ error }, 'the OAuth provider failed');
  });
  return provider;
}

/** The library calls every fault of the server by one name; this one is worth another try. */
async function tellOutages(koa: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next();
  if (!isOutage(koa.state['fault'])) return;
  koa.status = outage.status;
  koa.set(outage.headers);
  koa.body = outage.body;
}

const day = 86_400;
const endpoints = '/oauth';

function configurationOf({ settings }: Context, jwks: NonNullable<Configuration['jwks']>): Configuration {
  const { publicUrl, signInUrl = `${publicUrl}${signInPath}` } = settings;
  const isSecure = publicUrl.startsWith('https:');
  return {
    adapter: createAdapter,
    jwks,
    findAccount,
    loadExistingGrant,
    responseTypes: ['code'],
    subjectTypes: ['public'],
    acrValues: ['aal1', 'aal2'],
    scopes: Object.keys(identityScopes),
    claims: {
      openid: ['sub', 'acr', 'amr', 'auth_time'],
      profile: ['name', 'preferred_username', 'locale', 'zoneinfo', 'updated_at'],
      email: ['email', 'email_verified'],
    },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post'],
    clientDefaults: { id_token_signed_response_alg: 'ES256', response_types: ['code'], grant_types: ['authorization_code'] },
    clientBasedCORS: (_koa, origin, client) =>
      settings.corsOrigins.includes(origin) || (client.redirectUris ?? []).some((uri) => new URL(uri).origin === origin),
    enabledJWA: {
      idTokenSigningAlgValues: ['ES256'],
      userinfoSigningAlgValues: ['ES256'],
      dPoPSigningAlgValues: ['ES256', 'EdDSA', 'RS256'],
    },
    pkce: { required: () => true },
    interactions: { url: (_koa, { uid }) => `${signInUrl}?interaction=${uid}`, policy: interactionPolicy() },
    // Whoever signs out in a browser ends what they began there, unless it goes on elsewhere or while they are away.
    expiresWithSession: (_koa, { kind, scopes }) => kind !== 'DeviceCode' && !scopes.has('offline_access'),
    issueRefreshToken: (_koa, client) => client.grantTypeAllowed('refresh_token'),
    revokeGrantPolicy: () => true,
    extraTokenClaims: tokenClaims,
    formats: { bitsOfOpaqueRandomness: 256, customizers: { jwt: nameServiceAccount } },
    cookies: {
      keys: [createHmac('sha256', settings.internalKey).update('oauth-cookies').digest('base64url')],
      // The two others belong to a path, which `__Host-` does not allow.
      names: {
        session: isSecure ? '__Host-signed-in' : 'signed-in',
        interaction: isSecure ? '__Secure-interaction' : 'interaction',
        resume: isSecure ? '__Secure-resume' : 'resume',
      },
      long: { signed: true, httpOnly: true, sameSite: 'lax', path: '/', overwrite: true },
      short: { signed: true, httpOnly: true, sameSite: 'lax', overwrite: true },
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: async (_koa, client, token) => token.clientId === client.clientId || (await isOurs(client)),
      },
      revocation: { enabled: true, allowedPolicy: (_koa, client, token) => token.clientId === client.clientId },
      pushedAuthorizationRequests: { enabled: true },
      dPoP: { enabled: true },
      userinfo: { enabled: true },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: deviceInputPage,
        userCodeConfirmSource: deviceConfirmPage,
        successSource: deviceDonePage,
      },
      rpInitiatedLogout: { enabled: true, logoutSource: signOutPage, postLogoutSuccessSource: signedOutPage },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => `${publicUrl}/graphql`,
        useGrantedResource: () => true,
        getResourceServerInfo: (koa, resource, client) => {
          if (resource !== `${publicUrl}/graphql`) throw new errors.InvalidTarget();
          return resourceServer(koa, resource, client);
        },
      },
    },
    renderError: errorPage,
    routes: {
      authorization: `${endpoints}/authorize`,
      pushed_authorization_request: `${endpoints}/par`,
      token: `${endpoints}/token`,
      revocation: `${endpoints}/revoke`,
      introspection: `${endpoints}/introspect`,
      device_authorization: `${endpoints}/device_authorization`,
      code_verification: `${endpoints}/device`,
      userinfo: `${endpoints}/userinfo`,
      end_session: `${endpoints}/end_session`,
      jwks: `${endpoints}/jwks`,
    },
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      ClientCredentials: accessTokenSeconds,
      DeviceCode: 600,
      IdToken: 3_600,
      Interaction: 3_600,
      Session: 14 * day,
      Grant: sessionMs / 1_000,
    },
  };
}

/** The platform's own confidential clients may ask about every token; others about theirs. */
async function isOurs({ clientId }: { readonly clientId: string }): Promise<boolean> {
  const [client] = await findOAuthClients(surroundings().db, [clientId]);
  return client?.type === 'CONFIDENTIAL' && client.firstParty;
}
