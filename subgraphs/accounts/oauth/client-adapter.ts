import { type Adapter, type AdapterPayload, type ClientAuthMethod, Provider } from 'oidc-provider';
import { identityScopes } from '@supergraph/schema/scopes';
import { findOAuthClients, type OAuthClient } from '../store/oauth-clients.ts';
import { firstPartyClient } from '../service/tokens.ts';
import { surroundings } from './around.ts';

export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** What ids of clients look like; others nobody has, and a database takes not every character. */
const clientId = /^[\w-]{1,100}$/;

const unsupported = (): Promise<never> => Promise.reject(new Error('clients are changed in the graph'));

/** Clients come from their table and are changed in the graph alone. */
export const clientAdapter: Adapter = {
  find: async (id) => {
    if (!clientId.test(id)) return undefined;
    const [client] = await findOAuthClients(surroundings().db, [id]);
    return client && !client.disabledAt ? metadataOf(client) : undefined;
  },
  upsert: unsupported,
  findByUid: unsupported,
  findByUserCode: unsupported,
  consume: unsupported,
  destroy: unsupported,
  revokeByGrantId: unsupported,
};

/** A client as RFC 7591 describes it. */
function metadataOf(client: OAuthClient): AdapterPayload {
  const { id, name, logoUrl, type, redirectUris, postLogoutRedirectUris, secretHash } = client;
  return {
    client_id: id,
    client_name: name,
    ...(logoUrl ? { logo_uri: logoUrl } : {}),
    ...(secretHash ? { client_secret: secretHash } : {}),
    token_endpoint_auth_method: type === 'PUBLIC' ? 'none' : shownMethod(),
    application_type: redirectUris.some(isNative) ? 'native' : 'web',
    redirect_uris: redirectUris,
    post_logout_redirect_uris: postLogoutRedirectUris,
    response_types: redirectUris.length > 0 ? ['code'] : [],
    grant_types: grantsOf(client),
    // What it may ask of the graph, the resource server knows.
    scope: Object.keys(identityScopes).join(' '),
  };
}

function grantsOf({ id, type, redirectUris }: OAuthClient): string[] {
  if (type === 'SERVICE') return ['client_credentials'];
  if (id === firstPartyClient) return ['refresh_token'];
  return [...(redirectUris.length > 0 ? ['authorization_code'] : []), 'refresh_token', deviceGrant];
}

/** Secrets are taken from the header or from the body, whichever way the client sends them (RFC 6749, 2.3.1). */
const shownMethod = (): ClientAuthMethod => (Provider.ctx?.get('authorization') ? 'client_secret_basic' : 'client_secret_post');

/** Loopback and schemes of an app's own belong to programs on somebody's device (RFC 8252, 7). */
export function isNative(redirectUri: string): boolean {
  const { protocol, hostname } = new URL(redirectUri);
  return protocol !== 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
