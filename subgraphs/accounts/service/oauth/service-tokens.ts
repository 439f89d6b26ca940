import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { emit } from '@supergraph/platform/outbox';
import { accessTokenRevoked } from '@supergraph/schema/events/accounts';
import type { JWTPayload } from 'jose';
import type { Context } from '../../context.ts';
import { hashSecret } from '../../secrets.ts';
import { addArtifact, findArtifact, takeArtifactsOf } from '../../store/oauth-artifacts.ts';
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
  for (const { details, expiresAt } of await takeArtifactsOf(tx, issuedKind, userId, clientId)) {
    const { tokenId, organizationId } = details as unknown as Pick<ServiceToken, 'tokenId' | 'organizationId'>;
    await end(ctx, tx, { tokenId, userId, organizationId, overAt: expiresAt });
  }
}

/** Ends a token that its client shows. */
export async function revokeServiceToken(ctx: Context, { jti = '', sub = '', exp = 0, ...claims }: JWTPayload): Promise<void> {
  const organizationId = (claims['organization_id'] as string | undefined) ?? null;
  const clientId = String(claims['client_id']);
  await ctx.db.transaction(async (tx) => {
    if (!(await end(ctx, tx, { tokenId: jti, userId: sub, organizationId, overAt: overAt(exp) }))) return;
    await record(ctx, tx, { name: 'access_token.revoked', subjectId: sub, target: jti, clientId, organizationId });
  });
}

/** Whether this ended it, and nobody before. */
async function end(ctx: Context, tx: Db, { tokenId, userId, organizationId, overAt: expiresAt }: ServiceToken): Promise<boolean> {
  const details = { tokenId };
  const isNew = await addArtifact(tx, {
    kind: revokedKind,
    idHash: hashSecret(tokenId),
    sealed: '',
    details,
    createdAt: ctx.now(),
    expiresAt,
  });
  if (isNew) await emit(ctx, tx, outbox, accessTokenRevoked, { userId, tokenId, organizationId }, { organizationId });
  return isNew;
}
