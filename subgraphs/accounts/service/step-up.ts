import { requireViewer, type Viewer } from '@supergraph/platform/context';
import { unauthenticated } from '@supergraph/platform/errors';
import type { Context } from '../context.ts';
import { canStepUp, isFresh } from '../policy.ts';
import { hasSecondFactor } from './factors/second.ts';

/**
 * The viewer, if they proved themselves within 10 minutes, with two factors where they have a second one; otherwise
 * UNAUTHENTICATED with `STEP_UP_REQUIRED`. A factor that came after the proof could not be part of it. An app that a
 * person let in never counts: they proved themselves to be signed in to it, not to have it change their password.
 */
export async function requireStepUp(ctx: Context): Promise<Viewer & { sessionId: string }> {
  const viewer = requireViewer(ctx);
  if (canStepUp(viewer) && isFresh(viewer, ctx.now()) && (await isOurs(ctx, viewer)) && (await isStrongEnough(ctx, viewer))) return viewer;
  throw stepUpRequired('prove once more that it is you');
}

/** Asks for a better or a fresher proof. */
export const stepUpRequired = (why: string) =>
  unauthenticated(`${why}: complete a STEP_UP sign-in, then repeat this with its token`, { reason: 'STEP_UP_REQUIRED' });

/** Whether the viewer is signed in to a client of the platform's, not to an app that they let in. */
export const isOurs = async (ctx: Context, { clientId }: Viewer): Promise<boolean> =>
  clientId !== null && ((await ctx.loaders.oauthClientById.load(clientId))?.firstParty ?? false);

const isStrongEnough = async (ctx: Context, { acr, userId, authTime }: Viewer): Promise<boolean> =>
  acr === 'aal2' || !(await hasSecondFactor(ctx.db, userId, new Date(authTime * 1_000)));
