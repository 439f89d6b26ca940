import type { Db } from '@supergraph/platform/database';
import type { Context } from '../../context.ts';
import { within } from '../../oauth/around.ts';
import type { AnsweredBy } from '../../oauth/interaction.ts';
import { byHash } from '../../oauth/seals.ts';
import { noLongerValid } from '../shared.ts';
import { consentOf } from './consent.ts';

/** Where the browser goes on after signing in, if the app needs no consent; null if it does. */
export async function passOn(ctx: Context, tx: Db, interactionHash: string, by: AnsweredBy): Promise<string | null> {
  const { answerInteraction, readInteraction } = await import('../../oauth/interaction.ts');
  const id = byHash(interactionHash);
  const waiting = await within(ctx, () => readInteraction(ctx, id), tx);
  if (!waiting || waiting.isAnswered) throw noLongerValid('interaction');
  const consent = waiting.wantsConsent ? null : await consentOf(tx, by.userId, waiting.client.id, waiting.scopes);
  if (!consent) return null;
  return within(ctx, () => answerInteraction(ctx, tx, id, { by, organizationId: consent.organizationId }), tx);
}
