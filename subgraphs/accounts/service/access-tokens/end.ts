import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { emit } from '@supergraph/platform/outbox';
import { accessTokenRevoked } from '@supergraph/schema/events/accounts';
import type { Context } from '../../context.ts';
import { type AccessToken, revokeTokens, type TokenChoice } from '../../store/access-tokens.ts';

/** Ends tokens and tells the gateway and the other domains; gives those that ended by this. */
export async function endTokens(ctx: Context, tx: Db, which: TokenChoice): Promise<AccessToken[]> {
  const ended = await revokeTokens(tx, which, ctx.now());
  for (const { id, userId, organizationId } of ended)
    await emit(ctx, tx, outbox, accessTokenRevoked, { userId, tokenId: id, organizationId }, { organizationId });
  return ended;
}
