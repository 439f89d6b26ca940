import { requireViewer, type Viewer } from '@supergraph/platform/context';
import { unauthenticated } from '@supergraph/platform/errors';
import type { Context } from '../context.ts';
import { canStepUp, isFresh } from '../policy.ts';
import { hasSecondFactor } from './factors/second.ts';

/**
 * The viewer, if they proved themselves within 10 minutes, with two factors where they have a second one; otherwise
 * UNAUTHENTICATED with `STEP_UP_REQUIRED`. A factor that came after the proof could not be part of it.
 */
export async function requireStepUp(ctx: Context): Promise<Viewer & { sessionId: string }> {
  const viewer = requireViewer(ctx);
  if (canStepUp(viewer) && isFresh(viewer, ctx.now()) && (await isStrongEnough(ctx, viewer))) return viewer;
  throw unauthenticated('prove once more that it is you: complete a STEP_UP sign-in, then repeat this with its token', {
    reason: 'STEP_UP_REQUIRED',
  });
}

const isStrongEnough = async (ctx: Context, { acr, userId, authTime }: Viewer): Promise<boolean> =>
  acr === 'aal2' || !(await hasSecondFactor(ctx.db, userId, new Date(authTime * 1_000)));
