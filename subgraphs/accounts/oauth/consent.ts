import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { readDevice } from '../service/device.ts';
import { consentOf, saveGrant } from '../service/oauth/consent.ts';
import { noteOnArtifact } from '../store/oauth-artifacts.ts';
import { surroundings } from './around.ts';
import { hashOf } from './seals.ts';
import { wordsOf } from './words.ts';

/**
 * The grant of this one authorization: the one just given, or a new one where the person's consent of before covers what
 * is asked for. Each authorization has its own, so that a code which is used twice ends what came from it, and no more.
 */
export const loadExistingGrant: NonNullable<Configuration['loadExistingGrant']> = async (koa: KoaContextWithOIDC) => {
  const { oidc } = koa;
  const { provider, client, account, params, result } = oidc;
  const given = result?.consent?.grantId;
  const signedIn = hashOf(oidc.session?.uid ?? '');
  if (given) {
    await noteOnArtifact(surroundings().db, 'Grant', hashOf(given), { signedIn });
    return provider.Grant.find(given);
  }
  if (!client || !account || oidc.prompts.has('consent')) return undefined;
  const { ctx } = surroundings();
  const scopes = wordsOf(params?.['scope']);
  const consent = await consentOf(ctx.db, account.accountId, client.clientId, scopes);
  // Whoever shows a code could have sent it, so that of a device people are asked each time.
  if (!consent || (oidc.entities.DeviceCode && !consent.isOurs)) return undefined;
  const { os, browser } = readDevice(ctx.client.userAgent);
  const details = { organizationId: consent.organizationId, os, browser, ipAddress: ctx.client.ipAddress, signedIn };
  return saveGrant(ctx, provider, { userId: account.accountId, clientId: client.clientId, scopes, details });
};
