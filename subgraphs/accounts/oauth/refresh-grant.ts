import { DomainError } from '@supergraph/platform/errors';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
// The library gives these to its own grants alone.
import validateDpop, { checkDpopReplay } from 'oidc-provider/lib/helpers/validate_dpop.js';
import { refreshTokens } from '../service/refresh.ts';
import { surroundings } from './around.ts';

/** The refresh grant (RFC 6749, 6) over the rule of all refreshes: the library's own has no grace for a lost answer. */
export async function refreshGrant(koa: KoaContextWithOIDC): Promise<void> {
  const { provider, client, params } = koa.oidc;
  const { refresh_token: refreshToken, scope } = (params ?? {}) as { refresh_token?: string; scope?: string };
  if (!client) throw new errors.InvalidClient('no client was named');
  if (!refreshToken) throw new errors.InvalidRequest("missing required parameter(s) 'refresh_token'");
  const proof = await validateDpop(provider, koa);
  await checkDpopReplay(provider, koa, proof, client.clientId);
  const key = proof?.thumbprint;
  const tokens = await refreshTokens(surroundings().ctx, { refreshToken, clientId: client.clientId, scope, key }).catch(refuse);
  koa.body = {
    access_token: tokens.accessToken,
    expires_in: tokens.expiresIn,
    refresh_token: tokens.refreshToken,
    scope: tokens.scope,
    token_type: tokens.tokenType,
  };
}

function refuse(error: unknown): never {
  if (!(error instanceof DomainError)) throw error;
  if (error.extensions['reason'] === 'INVALID_GRANT') throw new errors.InvalidGrant(error.message);
  if (error.extensions['reason'] === 'INVALID_SCOPE') throw new errors.InvalidScope(error.message, '');
  throw error;
}
