import type { Grant, Provider } from 'oidc-provider';
import { identityScopes } from '@supergraph/schema/scopes';
import type { Db } from '@supergraph/platform/database';
import type { Context } from '../../context.ts';
import { surroundings } from '../../oauth/around.ts';
import { hashOf } from '../../oauth/seals.ts';
import { noteOnArtifact } from '../../store/oauth-artifacts.ts';
import { findAppGrant, findOAuthClients } from '../../store/oauth-clients.ts';
import type { GrantDetails } from './session-of-grant.ts';

export interface Consent {
  /** The one organization in which the client may act. */
  readonly organizationId: string | null;
  /** It needs none, since it is the platform's own. */
  readonly isOurs: boolean;
}

/** What covers a client's wish without asking: it is our own, or the person allowed all of it before. Null: ask. */
export async function consentOf(db: Db, userId: string, clientId: string, scopes: readonly string[]): Promise<Consent | null> {
  const [client] = await findOAuthClients(db, [clientId]);
  if (client?.firstParty) return { organizationId: null, isOurs: true };
  const grant = await findAppGrant(db, userId, clientId);
  return grant && scopes.every((scope) => grant.scopes.includes(scope)) ? { organizationId: grant.organizationId, isOurs: false } : null;
}

export interface NewGrant {
  readonly userId: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly details: GrantDetails;
}

/** Keeps the grant of one authorization, in the provider's own words. */
export async function saveGrant(ctx: Context, provider: Provider, { userId, clientId, scopes, details }: NewGrant): Promise<Grant> {
  const grant = new provider.Grant({ accountId: userId, clientId });
  const identity = scopes.filter((scope) => Object.hasOwn(identityScopes, scope));
  if (identity.length > 0) grant.addOIDCScope(identity.join(' '));
  if (scopes.length > 0) grant.addResourceScope(`${ctx.settings.publicUrl}/graphql`, scopes.join(' '));
  const id = await grant.save();
  await noteOnArtifact(surroundings().db, 'Grant', hashOf(id), { ...details });
  return grant;
}
