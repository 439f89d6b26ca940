import { identityScopes } from '@supergraph/schema/scopes';
import { type Client, errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider';
import { accessTokenSeconds, algorithm } from '../service/tokens.ts';
import { findOAuthClients } from '../store/oauth-clients.ts';
import { surroundings } from './around.ts';
import { wordsOf } from './words.ts';

/** The graph, as far as a client may use it: its tokens are JWTs (RFC 9068), also good for the provider's own endpoint. */
export async function resourceServer(koa: KoaContextWithOIDC, resource: string, { clientId }: Client): Promise<ResourceServer> {
  const [client] = await findOAuthClients(surroundings().db, [clientId]);
  const allowed = new Set([...Object.keys(identityScopes), ...(client?.scopes ?? [])]);
  const wanted = wordsOf(koa.oidc.params?.['scope']);
  const unknown = wanted.filter((scope) => !allowed.has(scope));
  if (unknown.length > 0) throw new errors.InvalidScope('the client may not ask for this scope', unknown.join(' '));
  return {
    audience: resource,
    scope: [...allowed].join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: accessTokenSeconds,
    jwt: { sign: { alg: algorithm } },
  };
}
