import { randomUUID } from 'node:crypto';
import { type AccessToken, type ClientCredentials, type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { noteServiceToken } from '../service/oauth/service-tokens.ts';
import { sessionOfGrant } from '../service/oauth/session-of-grant.ts';
import { claimsOf } from '../service/tokens.ts';
import { findOAuthClients } from '../store/oauth-clients.ts';
import { findUsers, type User } from '../store/users.ts';
import { surroundings } from './around.ts';

/** What our access tokens say beside RFC 9068: of a person their session, which begins here, of a program its service account. */
export const tokenClaims: NonNullable<Configuration['extraTokenClaims']> = (koa, token) =>
  token.kind === 'ClientCredentials' ? claimsOfService(token) : claimsOfPerson(koa, token);

async function claimsOfPerson({ oidc }: KoaContextWithOIDC, token: AccessToken): Promise<Record<string, unknown>> {
  const { AuthorizationCode, DeviceCode } = oidc.entities;
  const source = AuthorizationCode ?? DeviceCode;
  if (!source) throw new Error('an access token of a person comes from a code');
  const proof = { acr: source.acr, amr: source.amr ?? [], authTime: source.authTime };
  const begun = await sessionOfGrant(surroundings().ctx, String(source.grantId), token.scope ?? '', proof);
  if (!begun) throw new errors.InvalidGrant('what it was granted by is over');
  return claimsOf(begun.user, begun.session);
}

async function claimsOfService({ clientId }: ClientCredentials): Promise<Record<string, unknown>> {
  const { organizationId } = await serviceOf(String(clientId));
  return { kind: 'SERVICE', roles: [], acr: 'aal1', amr: [], organization_id: organizationId };
}

/** The account that a client acts for; `invalid_client` when it is over. */
async function serviceOf(clientId: string): Promise<User> {
  const { db } = surroundings();
  const [client] = await findOAuthClients(db, [clientId]);
  const [user] = client?.serviceAccountId ? await findUsers(db, [client.serviceAccountId]) : [];
  if (user?.status !== 'ACTIVE') throw new errors.InvalidClient('its service account is over');
  return user;
}

type Customizer = NonNullable<NonNullable<NonNullable<Configuration['formats']>['customizers']>['jwt']>;

/** A client that acts for a service account is that account to the graph; its token has an id like other access tokens that can be revoked. */
export const nameServiceAccount: Customizer = async ({ oidc }, token, jwt) => {
  if (token.kind !== 'ClientCredentials') return;
  const id = String(token.clientId);
  const { id: userId, organizationId } = await serviceOf(id);
  const jti = randomUUID();
  const client = { id, secretHash: oidc.client?.clientSecret ?? null };
  if (!(await noteServiceToken(surroundings().ctx, client, { userId, organizationId, jti, exp: Number(jwt.payload['exp']) })))
    throw new errors.InvalidClient('it was changed meanwhile');
  jwt.payload['sub'] = userId;
  jwt.payload['jti'] = jti;
};
