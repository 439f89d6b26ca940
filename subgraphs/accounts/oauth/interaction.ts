import type { Db } from '@supergraph/platform/database';
import { stepUpRequired } from '@supergraph/platform/step-up';
import type { Interaction } from 'oidc-provider';
import type { Context } from '../context.ts';
import { hashSecret, makeSecret } from '../secrets.ts';
import { record } from '../service/audit.ts';
import { readDevice } from '../service/device.ts';
import { hasSecondFactor } from '../service/factors/second.ts';
import { saveGrant } from '../service/oauth/consent.ts';
import { lockArtifact, noteOnArtifact } from '../store/oauth-artifacts.ts';
import { allowApp, findOAuthClients, type OAuthClient } from '../store/oauth-clients.ts';
import { surroundings } from './around.ts';
import { isNative } from './client-adapter.ts';
import { providerOf } from './provider.ts';
import { hashOf } from './seals.ts';
import { textOf, wordsOf } from './words.ts';

/** An authorization that waits for its person. */
export interface Waiting {
  readonly client: OAuthClient;
  readonly scopes: readonly string[];
  /** Where the browser is sent in the end; undefined for devices. */
  readonly redirectUri: string | undefined;
  /** Whom the browser is signed in as already; undefined for nobody. */
  readonly accountId: string | undefined;
  readonly beganAt: Date;
  /** The client wants the person to sign in again, whoever they were. */
  readonly mustBeFresh: boolean;
  /** The client wants two factors, so that a trusted device does not stand in for the second. */
  readonly wantsTwoFactors: boolean;
  /** The client wants the person to be asked, whatever they allowed before. */
  readonly wantsConsent: boolean;
  readonly isAnswered: boolean;
}

/** Who answered, and how they proved who they are. */
export interface AnsweredBy {
  readonly userId: string;
  readonly acr: string;
  readonly amr: readonly string[];
  readonly authTime: Date;
  /** The session in which they did; undefined where the browser is signed in to apps. */
  readonly sessionId?: string;
}

const freshReasons = new Set(['login_prompt', 'max_age', 'id_token_hint', 'acr_requested']);

/** What waits under an id, or null; call it `within` a request. */
export async function readInteraction(ctx: Context, id: string): Promise<Waiting | null> {
  const provider = await providerOf(ctx);
  const interaction = await provider.Interaction.find(id);
  const [client] = interaction ? await findOAuthClients(surroundings().db, [textOf(interaction.params['client_id'])]) : [];
  if (!interaction || !client || client.disabledAt) return null;
  return {
    client,
    scopes: wordsOf(interaction.params['scope']),
    redirectUri: textOf(interaction.params['redirect_uri']) || undefined,
    accountId: interaction.session?.accountId,
    beganAt: new Date((interaction.iat ?? 0) * 1_000),
    mustBeFresh: interaction.prompt.reasons.some((reason) => freshReasons.has(reason)),
    wantsTwoFactors: wantsTwo(interaction),
    wantsConsent: wordsOf(interaction.params['prompt']).includes('consent') || isByDevice(interaction, client),
    isAnswered: interaction.result !== undefined,
  };
}

const wantsTwo = ({ params }: Interaction): boolean => wordsOf(params['acr_values']).includes('aal2');

/**
 * Whoever has an app on their device could be another one that took its address (RFC 8252, 8.6), and whoever shows a code
 * could have sent it: people are asked each time.
 */
const isByDevice = (interaction: Interaction, client: OAuthClient): boolean =>
  !client.firstParty && (interaction.deviceCode !== undefined || client.redirectUris.some(isNative));

export type Answer = 'DENIED' | { readonly by: AnsweredBy; readonly organizationId: string | null };

/**
 * Answers what waits, once; null when it is over or answered. The browser goes on at the address that this gives: it
 * holds a secret, so that the browser in which it began and the person who answered must be the same.
 */
export async function answerInteraction(ctx: Context, tx: Db, id: string, answer: Answer): Promise<string | null> {
  const provider = await providerOf(ctx);
  const artifact = await lockArtifact(tx, 'Interaction', hashOf(id), new Date());
  const interaction = artifact ? await provider.Interaction.find(id) : undefined;
  const [client] = interaction ? await findOAuthClients(tx, [textOf(interaction.params['client_id'])]) : [];
  if (!interaction || interaction.result !== undefined || !client || client.disabledAt) return null;
  interaction.result =
    answer === 'DENIED'
      ? { error: 'access_denied', error_description: 'the person did not allow it' }
      : await allow(ctx, tx, interaction, client, answer);
  await interaction.save(interaction.exp - Math.floor(Date.now() / 1_000));
  const approval = makeSecret();
  await noteOnArtifact(tx, 'Interaction', hashOf(id), { approvalHash: hashSecret(approval) });
  await record(ctx, tx, {
    name: answer === 'DENIED' ? 'app.denied' : 'app.authorized',
    ...(answer === 'DENIED' ? {} : { actorId: answer.by.userId, organizationId: answer.organizationId }),
    target: client.id,
    clientId: client.id,
    details: { scopes: wordsOf(interaction.params['scope']) },
  });
  return `${interaction.returnTo}?approval=${approval}`;
}

async function allow(
  ctx: Context,
  tx: Db,
  interaction: Interaction,
  client: OAuthClient,
  { by, organizationId }: Exclude<Answer, 'DENIED'>,
): Promise<NonNullable<Interaction['result']>> {
  const provider = await providerOf(ctx);
  const scopes = wordsOf(interaction.params['scope']);
  const { userId, acr, amr, authTime } = by;
  if (wantsTwo(interaction) && acr !== 'aal2' && (await hasSecondFactor(tx, userId))) throw stepUpRequired('this client wants two factors');
  const clientId = client.id;
  if (!client.firstParty) await allowApp(tx, { userId, clientId, scopes, organizationId, grantedAt: ctx.now() });
  const { os, browser } = readDevice(ctx.client.userAgent);
  const details = { organizationId, os, browser, ipAddress: ctx.client.ipAddress };
  const grant = await saveGrant(ctx, provider, { userId, clientId, scopes, details });
  return {
    login: { accountId: userId, acr, amr: [...amr], ts: Math.floor(authTime.getTime() / 1_000), remember: true },
    consent: { grantId: grant.jti },
  };
}
