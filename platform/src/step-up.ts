import { type RequestContext, requireViewer, type Viewer } from './context.ts';
import { unauthenticated } from './errors.ts';

const freshSeconds = 600;
const question =
  'query ($userId: ID!, $sessionId: ID!, $acr: String!, $at: DateTime!) { isProven(userId: $userId, sessionId: $sessionId, acr: $acr, at: $at) }';

/** A viewer in a session of their own. */
export type InSession = Viewer & { readonly sessionId: string };

/** Only a person in a session of their own can prove themselves again: no token, no administrator in their place. */
export const canStepUp = (viewer: Pick<Viewer, 'sessionId' | 'actorId' | 'kind'>): viewer is InSession =>
  viewer.kind === 'PERSON' && viewer.sessionId !== null && viewer.actorId === null;

/** Whether a proof is fresh enough for something delicate. */
export const isFresh = (viewer: Pick<Viewer, 'authTime'>, now: Date): boolean => now.getTime() / 1_000 - viewer.authTime <= freshSeconds;

/** UNAUTHENTICATED with `STEP_UP_REQUIRED`: asks for a fresher proof, or a better one. */
export const stepUpRequired = (why = 'prove once more that it is you') =>
  unauthenticated(`${why}: complete a STEP_UP sign-in, then repeat this with its token`, { reason: 'STEP_UP_REQUIRED' });

/**
 * The viewer, if they proved themselves within 10 minutes, in a session of the platform's own client, with two factors
 * where they have a second one, which accounts knows; otherwise UNAUTHENTICATED with `STEP_UP_REQUIRED`. For every
 * domain but accounts, which asks itself.
 */
export async function requireStepUp(ctx: Pick<RequestContext, 'viewer' | 'now' | 'call'>): Promise<InSession> {
  const viewer = requireViewer(ctx);
  if (!canStepUp(viewer) || !isFresh(viewer, ctx.now())) throw stepUpRequired();
  const { userId, sessionId, acr, authTime } = viewer;
  const at = new Date(authTime * 1_000).toISOString();
  const { isProven } = await ctx.call<{ isProven: boolean }>('accounts', question, { userId, sessionId, acr, at });
  if (!isProven) throw stepUpRequired();
  return viewer;
}
