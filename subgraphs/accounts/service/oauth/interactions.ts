import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { forbidden } from '@supergraph/platform/errors';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { canStepUp, stepUpRequired } from '@supergraph/platform/step-up';
import { identityScopes, scopes as graphScopes } from '@supergraph/schema/scopes';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { within } from '../../oauth/around.ts';
import type { AnsweredBy } from '../../oauth/interaction.ts';
import { canSignIn } from '../../policy.ts';
import type { OAuthClient } from '../../store/oauth-clients.ts';
import { noLongerValid } from '../shared.ts';
import { amrClaim, firstPartyClient } from '../tokens.ts';
import { findOpenSession } from '../../store/sessions.ts';
import { lockUser } from '../../store/users.ts';
import { organizationsOf, requireMembership } from './memberships.ts';

/** An interaction's id, as clients send it. */
export const interactionText = z.string().regex(/^[\w-]{1,100}$/, 'is not an interaction');
const Approve = z.strictObject({ interactionId: interactionText, organizationId: optional(idInput) });
const Deny = z.strictObject({ interactionId: interactionText });

/** A scope with what it means to people. */
export interface ScopeInfo {
  readonly name: string;
  readonly description: string;
}

/** What a client waits for; whoever holds its id was sent here with it. */
export interface ShownInteraction {
  readonly id: string;
  readonly client: OAuthClient;
  readonly requestedScopes: readonly ScopeInfo[];
  /** A trusted device does not stand in for the second one. */
  readonly wantsTwoFactors: boolean;
}

/** Every scope that clients may ask for. */
export const allScopes = (): ScopeInfo[] =>
  Object.entries({ ...identityScopes, ...graphScopes }).map(([name, description]) => ({ name, description }));

/** What a client waits for, or null when that is over. */
export async function findInteraction(ctx: Context, id: string): Promise<ShownInteraction | null> {
  if (!interactionText.safeParse(id).success) return null;
  const { readInteraction } = await import('../../oauth/interaction.ts');
  const found = await within(ctx, () => readInteraction(ctx, id));
  if (!found || found.isAnswered) return null;
  const wanted = new Set(found.scopes);
  return {
    id,
    client: found.client,
    requestedScopes: allScopes().filter(({ name }) => wanted.has(name)),
    wantsTwoFactors: found.wantsTwoFactors,
  };
}

/** The organizations that the viewer may let a client act in. */
export const organizationChoices = async (ctx: Context): Promise<{ id: string }[]> =>
  ctx.viewer ? (await organizationsOf(ctx, ctx.viewer.userId)).map(({ id }) => ({ id })) : [];

/** The viewer lets a client act for them; gives where their browser goes on. */
export async function approveInteraction(ctx: Context, input: unknown): Promise<{ redirectUrl: string }> {
  const { interactionId, organizationId } = parseInput(Approve, input);
  const { userId, sessionId } = requireOwnSession(ctx);
  const session = await findOpenSession(ctx.db, sessionId, ctx.now());
  if (!session) throw noLongerValid('session');
  const { acr, authTime } = session;
  const by = { userId, acr, amr: amrClaim(session), authTime, sessionId };
  return { redirectUrl: await allowClient(ctx, interactionId, by, organizationId) };
}

/** Lets a client act for whoever proved who they are; gives where their browser goes on. */
export async function allowClient(ctx: Context, interactionId: string, by: AnsweredBy, organizationId?: string): Promise<string> {
  if (organizationId) await requireMembership(ctx, by.userId, organizationId);
  const { answerInteraction, readInteraction } = await import('../../oauth/interaction.ts');
  const found = await within(ctx, () => readInteraction(ctx, interactionId));
  if (found?.mustBeFresh && by.authTime.getTime() < found.beganAt.getTime() - clockSlackMs)
    throw stepUpRequired('this client wants you to sign in anew');
  const answer = { by, organizationId: organizationId ?? null };
  const redirectUrl = await ctx.db.transaction(async (tx) => {
    await requireStillIn(ctx, tx, by);
    return within(ctx, () => answerInteraction(ctx, tx, interactionId, answer), tx);
  });
  if (!redirectUrl) throw noLongerValid('interaction');
  return redirectUrl;
}

/** Locks the account: whoever ends the session at this moment comes before this, or takes away what this gives. */
async function requireStillIn(ctx: Context, tx: Db, { userId, sessionId }: AnsweredBy): Promise<void> {
  const user = await lockUser(tx, userId);
  if (!user || !canSignIn(user) || (sessionId && !(await findOpenSession(tx, sessionId, ctx.now())))) throw noLongerValid('sign-in');
}

/** The provider counts in whole seconds. */
const clockSlackMs = 1_000;

/** The person does not let a client act for them; gives where their browser goes on to tell it so. */
export async function denyInteraction(ctx: Context, input: unknown): Promise<{ redirectUrl: string }> {
  const { interactionId } = parseInput(Deny, input);
  requireOwnSession(ctx);
  return { redirectUrl: await refuseClient(ctx, interactionId) };
}

/** Tells a client that it may not; gives where the browser goes on. */
export async function refuseClient(ctx: Context, interactionId: string): Promise<string> {
  const { answerInteraction } = await import('../../oauth/interaction.ts');
  const redirectUrl = await ctx.db.transaction((tx) => within(ctx, () => answerInteraction(ctx, tx, interactionId, 'DENIED'), tx));
  if (!redirectUrl) throw noLongerValid('interaction');
  return redirectUrl;
}

/** An app must not let another one in: only a person in the platform's own client may. */
function requireOwnSession(ctx: Context) {
  const viewer = requireViewer(ctx);
  if (canStepUp(viewer) && viewer.clientId === firstPartyClient) return viewer;
  throw forbidden('only a person who is signed in to the platform itself can answer this', { reason: 'OWN_SESSION_NEEDED' });
}
