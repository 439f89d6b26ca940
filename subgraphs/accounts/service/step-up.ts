import { requireViewer, type Viewer } from '@supergraph/platform/context';
import { canStepUp, type InSession, isFresh, stepUpRequired } from '@supergraph/platform/step-up';
import type { Context } from '../context.ts';
import { findOpenSession } from '../store/sessions.ts';
import { hasSecondFactor } from './factors/second.ts';

/**
 * The viewer, if they proved themselves within 10 minutes, with two factors where they have a second one; otherwise
 * UNAUTHENTICATED with `STEP_UP_REQUIRED`. A factor that came after the proof could not be part of it. An app that a
 * person let in never counts: they proved themselves to be signed in to it, not to have it change their password.
 */
export async function requireStepUp(ctx: Context): Promise<InSession> {
  const viewer = requireViewer(ctx);
  if (!canStepUp(viewer) || !isFresh(viewer, ctx.now())) throw stepUpRequired();
  // Its tokens go on for the moment in which the gateway hears of a session's end; whoever is shut out must not use it.
  if (!(await findOpenSession(ctx.db, viewer.sessionId, ctx.now()))) throw stepUpRequired();
  if (!(await isOurs(ctx, viewer)) || !(await isStrongEnough(ctx, viewer))) throw stepUpRequired();
  return viewer;
}

/** Whether the viewer is signed in to a client of the platform's, not to an app that they let in. */
export const isOurs = async (ctx: Context, { clientId }: Pick<Viewer, 'clientId'>): Promise<boolean> =>
  clientId !== null && ((await ctx.loaders.oauthClientById.load(clientId))?.firstParty ?? false);

const isStrongEnough = async (ctx: Context, { acr, userId, authTime }: Pick<Viewer, 'acr' | 'userId' | 'authTime'>): Promise<boolean> =>
  acr === 'aal2' || !(await hasSecondFactor(ctx.db, userId, new Date(authTime * 1_000)));

/** What another domain knows of a viewer of its own, from their token. */
export interface Claimed {
  readonly userId: string;
  readonly sessionId: string;
  readonly acr: string;
  /** When the person last proved a factor. */
  readonly at: Date;
}

/** For other domains, which the platform's `requireStepUp` asks for: whether that is a proof for something delicate. */
export async function isProven(ctx: Context, { userId, sessionId, acr, at }: Claimed): Promise<boolean> {
  const session = await findOpenSession(ctx.db, sessionId, ctx.now());
  if (!session || session.userId !== userId || session.actorId !== null) return false;
  const claimed = { userId, acr: acr === 'aal2' ? 'aal2' : 'aal1', authTime: Math.floor(at.getTime() / 1_000) } as const;
  return isFresh(claimed, ctx.now()) && (await isOurs(ctx, session)) && isStrongEnough(ctx, claimed);
}
