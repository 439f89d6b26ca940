import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { notFound } from '@supergraph/platform/errors';
import { idInput, parseInput } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { canSeePersonal } from '../../policy.ts';
import { deleteArtifactsOfUser } from '../../store/oauth-artifacts.ts';
import { type AppGrant, type AppGrantChoice, revokeAppGrants } from '../../store/oauth-clients.ts';
import { findGrantSessions } from '../../store/sessions.ts';
import { record } from '../audit.ts';
import { endAndTell } from '../sessions.ts';

const Revoke = z.strictObject({ appGrantId: idInput });

/** The apps that may act for a person; null for whom they do not concern. */
export async function authorizedApps(ctx: Context, userId: string): Promise<readonly AppGrant[] | null> {
  if (!canSeePersonal(ctx.viewer, userId)) return null;
  return ctx.loaders.appGrantsByUser.load(userId);
}

/** Ends what the viewer lets an app do. */
export async function revokeAppGrant(ctx: Context, input: unknown): Promise<string> {
  const { appGrantId } = parseInput(Revoke, input);
  const { userId } = requireViewer(ctx);
  await ctx.db.transaction(async (tx) => {
    const [ended] = await endAppGrants(ctx, tx, { id: appGrantId, userId });
    if (!ended) throw notFound('AppGrant');
    await record(ctx, tx, { name: 'app.revoked', target: ended.clientId, clientId: ended.clientId, organizationId: ended.organizationId });
  });
  return appGrantId;
}

/** Ends permissions with all that apps got by them; gives those that ended by this. */
export async function endAppGrants(ctx: Context, tx: Db, which: AppGrantChoice): Promise<AppGrant[]> {
  const ended = await revokeAppGrants(tx, which, ctx.now());
  for (const { userId, clientId } of ended) {
    await deleteArtifactsOfUser(tx, userId, { clientId });
    for (const { id } of await findGrantSessions(tx, { userId, clientId })) await endAndTell(ctx, tx, userId, 'REVOKED', { only: id });
  }
  const { userId, organizationId } = which;
  // A permission names the organization that was picked last; a session may be for one that was picked before.
  if (!which.id && organizationId)
    for (const session of await findGrantSessions(tx, { userId, organizationId }))
      await endAndTell(ctx, tx, session.userId, 'REVOKED', { only: session.id });
  return ended;
}
