import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { emitAll } from '@supergraph/platform/outbox';
import { accessTokenRevoked } from '@supergraph/schema/events/accounts';
import type { JWTPayload } from 'jose';
import type { Context } from '../../context.ts';
import { hashSecret } from '../../secrets.ts';
import { addArtifact, addArtifacts, findArtifact, takeArtifactsOf } from '../../store/oauth-artifacts.ts';
import { lockClientAsItIs } from '../../store/oauth-clients.ts';
import { record } from '../audit.ts';

/** What is noted of a service account's token that was revoked before its end. */
export const revokedKind = 'RevokedToken';
/** What is noted of each that was given, for as long as it lasts. */
const issuedKind = 'IssuedToken';

/** Verifiers' clocks may differ from ours by less than this. */
const spareSeconds = 120;
const overAt = (exp: number): Date => new Date((exp + spareSeconds) * 1_000);

/** A token that a client gets for the service account that it acts for. */
interface ServiceToken {
  readonly tokenId: string;
  readonly userId: string;
  readonly organizationId: string | null;
  /** When nobody takes it any more. */
  readonly overAt: Date;
}

type IssuedDetails = Pick<ServiceToken, 'tokenId' | 'organizationId'>;

/** Whether a service account's token was revoked. */
export const wasRevoked = async (db: Db, jti: string): Promise<boolean> =>
  (await findArtifact(db, revokedKind, hashSecret(jti), new Date())) !== null;

/**
 * Notes a token that is about to be given, so that it can be ended. False where the client was disabled, or got another
 * secret, since it showed the one that it has: whoever does either waits for this, or is seen here.
 */
export function noteServiceToken(
  ctx: Context,
  client: { readonly id: string; readonly secretHash: string | null },
  { userId, organizationId, jti, exp }: { userId: string; organizationId: string | null; jti: string; exp: number },
): Promise<boolean> {
  return ctx.db.transaction(async (tx) => {
    const present = await lockClientAsItIs(tx, client.id);
    if (!present || present.disabledAt || present.secretHash !== client.secretHash) return false;
    return addArtifact(tx, {
      kind: issuedKind,
      idHash: hashSecret(jti),
      sealed: '',
      userId,
      clientId: client.id,
      details: { tokenId: jti, organizationId },
      createdAt: ctx.now(),
      expiresAt: overAt(exp),
    });
  });
}

/** Ends all tokens that were given for a service account, or those of one client alone; such tokens have no session that could end. */
export async function endServiceTokens(ctx: Context, tx: Db, userId: string, clientId?: string): Promise<void> {
  const issued = await takeArtifactsOf(tx, issuedKind, userId, clientId);
  const tokens = issued.map(({ details, expiresAt }) => ({ ...(details as unknown as IssuedDetails), userId, overAt: expiresAt }));
  await end(ctx, tx, tokens);
}

/** Ends a token that its client shows. */
export async function revokeServiceToken(ctx: Context, { jti = '', sub = '', exp = 0, ...claims }: JWTPayload): Promise<void> {
  const organizationId = (claims['organization_id'] as string | undefined) ?? null;
  const clientId = String(claims['client_id']);
  await ctx.db.transaction(async (tx) => {
    const [ended] = await end(ctx, tx, [{ tokenId: jti, userId: sub, organizationId, overAt: overAt(exp) }]);
    if (ended) await record(ctx, tx, { name: 'access_token.revoked', subjectId: sub, target: jti, clientId, organizationId });
  });
}

/** Ends tokens of one service account, which belongs to one organization, and tells of them; gives those that nobody had ended before. */
async function end(ctx: Context, tx: Db, tokens: readonly ServiceToken[]): Promise<ServiceToken[]> {
  const added = new Set(
    await addArtifacts(
      tx,
      tokens.map(({ tokenId, overAt: expiresAt }) => ({
        kind: revokedKind,
        idHash: hashSecret(tokenId),
        sealed: '',
        details: { tokenId },
        createdAt: ctx.now(),
        expiresAt,
      })),
    ),
  );
  const ended = tokens.filter(({ tokenId }) => added.has(hashSecret(tokenId)));
  const payloads = ended.map(({ userId, tokenId, organizationId }) => ({ userId, tokenId, organizationId }));
  await emitAll(ctx, tx, outbox, accessTokenRevoked, payloads, { organizationId: ended[0]?.organizationId ?? null });
  return ended;
}
