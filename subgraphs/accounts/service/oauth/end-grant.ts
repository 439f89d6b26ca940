import type { Context } from '../../context.ts';
import { deleteArtifact, deleteArtifactsOfGrant } from '../../store/oauth-artifacts.ts';
import { findSessionOfGrant } from '../../store/sessions.ts';
import { record } from '../audit.ts';
import { notify } from '../shared.ts';
import { endAndTell, type EndReason } from '../sessions.ts';

/** Ends what came from one authorization: its codes, its session and with it its tokens. */
export async function endGrant(ctx: Context, grantHash: string, reason: EndReason): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    // Whoever begins a session from it holds a lock on it: after this there is one to be ended, or there will be none.
    await deleteArtifact(tx, 'Grant', grantHash);
    await deleteArtifactsOfGrant(tx, grantHash);
    const session = await findSessionOfGrant(tx, grantHash);
    if (!session || session.endedAt) return;
    const { id, userId, clientId, deviceName } = session;
    await endAndTell(ctx, tx, userId, reason, { only: id });
    if (reason === 'COMPROMISED') await notify(ctx, tx, userId, 'SESSION_COMPROMISED', id, { device: deviceName });
    const name = reason === 'COMPROMISED' ? 'session.compromised' : 'session.ended';
    await record(ctx, tx, { name, subjectId: userId, target: id, clientId, details: { reason } });
  });
}
