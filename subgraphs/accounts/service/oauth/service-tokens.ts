import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { emit } from '@supergraph/platform/outbox';
import { accessTokenRevoked } from '@supergraph/schema/events/accounts';
import type { JWTPayload } from 'jose';
import type { Context } from '../../context.ts';
import { hashSecret } from '../../secrets.ts';
import { addArtifact, findArtifact } from '../../store/oauth-artifacts.ts';
import { record } from '../audit.ts';

/** What is noted of a service account's token that was revoked before its end. */
export const revokedKind = 'RevokedToken';

/** Whether a service account's token was revoked. */
export const wasRevoked = async (db: Db, jti: string): Promise<boolean> =>
  (await findArtifact(db, revokedKind, hashSecret(jti), new Date())) !== null;

/** Ends a token of a client's own; such a token has no session that could end. */
export async function revokeServiceToken(ctx: Context, { jti = '', sub = '', exp = 0, ...claims }: JWTPayload): Promise<void> {
  const organizationId = (claims['organization_id'] as string | undefined) ?? null;
  const clientId = String(claims['client_id']);
  await ctx.db.transaction(async (tx) => {
    const isNew = await addArtifact(tx, {
      kind: revokedKind,
      idHash: hashSecret(jti),
      sealed: '',
      details: { tokenId: jti },
      createdAt: ctx.now(),
      // Longer than verifiers allow their clocks to differ.
      expiresAt: new Date((exp + 120) * 1_000),
    });
    if (!isNew) return;
    await emit(ctx, tx, outbox, accessTokenRevoked, { userId: sub, tokenId: jti, organizationId }, { organizationId });
    await record(ctx, tx, { name: 'access_token.revoked', subjectId: sub, target: jti, clientId, organizationId });
  });
}
