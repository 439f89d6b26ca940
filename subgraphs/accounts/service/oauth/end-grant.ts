import type { Context } from '../../context.ts';
import { deleteArtifact, deleteArtifactsOfGrant } from '../../store/oauth-artifacts.ts';
import { findSessionOfGrant } from '../../store/sessions.ts';
import { record } from '../audit.ts';
import { endAndTell, type EndReason, tellCompromised } from '../sessions.ts';

/** Ends what came from one authorization: its codes, its session and with it its tokens. */
export async function endGrant(ctx: Context, grantHash: string, reason: EndReason): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    // Whoever begins a session from it holds a lock on it: after this there is one to be ended, or there will be none.
    await deleteArtifact(tx, 'Grant', grantHash);
    await deleteArtifactsOfGrant(tx, grantHash);
    const session = await findSessionOfGrant(tx, grantHash);
    if (!session || session.endedAt) return;
    const { id, userId, clientId } = session;
    const [ended] = await endAndTell(ctx, tx, userId, reason, { only: id });
    if (!ended) return;
    if (reason === 'COMPROMISED') return tellCompromised(ctx, tx, ended, 'CODE_REUSED');
    await record(ctx, tx, { name: 'session.ended', subjectId: userId, target: id, clientId, details: { reason } });
  });
}
