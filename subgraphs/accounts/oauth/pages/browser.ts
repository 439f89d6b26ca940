import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { open, seal } from '../../secrets.ts';
import { findOpenSession } from '../../store/sessions.ts';
import { within } from '../around.ts';
import { readCookie, setCookie } from '../cookies.ts';
import type { AnsweredBy, Waiting } from '../interaction.ts';
import { providerOf } from '../provider.ts';

const proofPurpose = 'sign-in-page';
/** As long as the session that signing in for an app begins. */
const proofSeconds = 600;
const deviceSeconds = 30 * 86_400;

const Proof = z.object({
  interaction: z.string(),
  until: z.number(),
  by: z.object({ userId: z.string(), acr: z.string(), amr: z.array(z.string()), authTime: z.coerce.date(), sessionId: z.string() }),
});

const nameOf = ({ settings }: Context, name: string): string => (settings.publicUrl.startsWith('https:') ? `__Host-${name}` : name);

/** Whom this browser is known to be, for one interaction: who just signed in here, or who is signed in to apps already. */
export async function proofOf(request: IncomingMessage, ctx: Context, id: string, waiting: Waiting): Promise<AnsweredBy | null> {
  const proved = fromCookie(request, ctx, id);
  // What was proved in a session says nothing once that was ended.
  if (proved && (await findOpenSession(ctx.db, proved.sessionId, ctx.now()))) return proved;
  return fromProvider(request, ctx, waiting);
}

function fromCookie(request: IncomingMessage, ctx: Context, id: string): Required<AnsweredBy> | null {
  const sealed = readCookie(request, nameOf(ctx, 'sign-in'));
  if (!sealed) return null;
  try {
    const proof = Proof.parse(JSON.parse(open(ctx.settings.internalKey, proofPurpose, sealed)));
    return proof.interaction === id && proof.until > Date.now() ? proof.by : null;
  } catch {
    // Whatever somebody put in its place says nothing.
    return null;
  }
}

/** Where the provider only wants consent, its own session says who is there: this browser must bring it. */
async function fromProvider(request: IncomingMessage, ctx: Context, { accountId, mustBeFresh }: Waiting): Promise<AnsweredBy | null> {
  if (!accountId || mustBeFresh) return null;
  return within(ctx, async () => {
    const provider = await providerOf(ctx);
    const cookies = provider.createContext(request, new (await import('node:http')).ServerResponse(request)).cookies;
    const id = cookies.get(provider.cookieName('session'), { signed: true });
    const session = id ? await provider.Session.find(id) : undefined;
    if (session?.accountId !== accountId) return null;
    const { acr = 'aal1', amr = [], loginTs = 0 } = session;
    return { userId: accountId, acr, amr, authTime: new Date(loginTs * 1_000) };
  });
}

/** Remembers who just signed in for an interaction, until they have answered it. */
export function keepProof(response: ServerResponse, ctx: Context, interaction: string, by: Required<AnsweredBy>): void {
  const proof = { interaction, until: Date.now() + proofSeconds * 1_000, by };
  const value = seal(ctx.settings.internalKey, proofPurpose, JSON.stringify(proof));
  setCookie(response, { name: nameOf(ctx, 'sign-in'), value, path: '/', maxAge: proofSeconds }, ctx.settings.publicUrl);
}

export const forgetProof = (response: ServerResponse, ctx: Context): void =>
  setCookie(response, { name: nameOf(ctx, 'sign-in'), value: '', path: '/', maxAge: 0 }, ctx.settings.publicUrl);

/** The secret of a device that was said to be trusted. */
export const deviceTokenOf = (request: IncomingMessage, ctx: Context): string | undefined => readCookie(request, nameOf(ctx, 'device'));

export const keepDevice = (response: ServerResponse, ctx: Context, token: string): void =>
  setCookie(response, { name: nameOf(ctx, 'device'), value: token, path: '/', maxAge: deviceSeconds }, ctx.settings.publicUrl);
