import { requireViewer } from '@supergraph/platform/context';
import { conflict, notFound } from '@supergraph/platform/errors';
import { idInput, parseInput } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { externalPath } from '../../oauth/paths.ts';
import { canSeePersonal } from '../../policy.ts';
import { deleteExternalIdentity, type ExternalIdentity } from '../../store/external.ts';
import { failHalfFlows } from '../../store/sessions.ts';
import { lockUser, type User } from '../../store/users.ts';
import { countWaysIn } from '../factors/remove.ts';
import { tellRemoved } from '../factors/tell.ts';
import { requireStepUp } from '../step-up.ts';
import { prepareLink } from './visit.ts';

const Link = z.strictObject({ provider: z.string().regex(/^[a-z0-9]{1,50}$/, 'is no provider; the query `externalProviders` lists them') });
const Unlink = z.strictObject({ externalIdentityId: idInput });

/** A person's accounts elsewhere; null for whom they do not concern. */
export async function identitiesOf(ctx: Context, userId: string): Promise<readonly ExternalIdentity[] | null> {
  return canSeePersonal(ctx.viewer, userId) ? ctx.loaders.externalIdentitiesByUser.load(userId) : null;
}

/** Begins to link an account elsewhere; gives where to send the viewer's browser. */
export async function startExternalLink(ctx: Context, input: unknown): Promise<{ redirectUrl: string }> {
  const viewer = await requireStepUp(ctx);
  const { provider } = parseInput(Link, input);
  const secret = await prepareLink(ctx, provider, viewer);
  return { redirectUrl: `${ctx.settings.publicUrl}${externalPath}${provider}/start?link=${secret}` };
}

/** Takes a link away, unless nothing would be left to sign in with. */
export async function unlinkExternalIdentity(ctx: Context, input: unknown): Promise<{ unlinkedExternalIdentityId: string; user: User }> {
  await requireStepUp(ctx);
  const { userId } = requireViewer(ctx);
  const { externalIdentityId: id } = parseInput(Unlink, input);
  return ctx.db.transaction(async (tx) => {
    const user = await lockUser(tx, userId);
    if (!user || !(await deleteExternalIdentity(tx, userId, id))) throw notFound('ExternalIdentity');
    if ((await countWaysIn(tx, userId)) === 0)
      throw conflict('this is the last way to sign in; add another one first', { reason: 'LAST_CREDENTIAL' });
    // What was proved with it half-way must not be finished.
    await failHalfFlows(tx, userId);
    await tellRemoved(ctx, tx, { userId, credentialId: id, kind: 'EXTERNAL' });
    return { unlinkedExternalIdentityId: id, user };
  });
}
