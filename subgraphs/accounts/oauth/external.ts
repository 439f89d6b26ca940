import type { IncomingMessage, ServerResponse } from 'node:http';
import { DomainError, notFound } from '@supergraph/platform/errors';
import { isFromOurPage, readForm, sendPage } from '@supergraph/platform/html';
import type { Context } from '../context.ts';
import { hashSecret } from '../secrets.ts';
import { requireProvider } from '../service/external/providers.ts';
import { linkExternally, signInExternally } from '../service/external/sign-in.ts';
import { depart, welcomeBack } from '../service/external/visit.ts';
import { interactionText } from '../service/oauth/interactions.ts';
import { noLongerValid } from '../service/shared.ts';
import { findLinkVisit } from '../store/external.ts';
import { findUsers } from '../store/users.ts';
import { within } from './around.ts';
import { readCookie, setCookie } from './cookies.ts';
import { readInteraction } from './interaction.ts';
import { confirmLinkPage, linkedPage, troublePage } from './pages/external-pages.ts';
import { resumeSignIn } from './pages/sign-in.ts';
import { externalPath } from './paths.ts';

const cookieSeconds = 600;

interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly ctx: Context;
  readonly url: URL;
  readonly key: string;
}

/** Sends browsers to other providers and takes them back in. */
export async function answerExternal(request: IncomingMessage, response: ServerResponse, ctx: Context, url: URL): Promise<void> {
  const [key = '', step = ''] = url.pathname.slice(externalPath.length).split('/');
  const visit = { request, response, ctx, url, key };
  const interactionId = url.searchParams.get('interaction') ?? undefined;
  try {
    if (step === 'start') return await start(visit);
    if (step === 'callback') return await comeBack(visit);
    throw notFound('page');
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    show(visit, statusOf(error), troublePage(error.message, interactionId));
  }
}

async function start(visit: Visit): Promise<void> {
  const { request, ctx, url, key } = visit;
  requireProvider(ctx, key);
  const linkSecret = url.searchParams.get('link');
  if (linkSecret !== null) return request.method === 'POST' ? beginLink(visit, linkSecret) : askForLink(visit, linkSecret);
  const interactionId = url.searchParams.get('interaction') ?? '';
  const waiting = interactionText.safeParse(interactionId).success ? await within(ctx, () => readInteraction(ctx, interactionId)) : null;
  if (!waiting || waiting.isAnswered) throw noLongerValid('sign-in');
  send(visit, await depart(ctx, key, { interactionId }));
}

/** Whoever opens the link sees whose account it is for: somebody else could have sent it. */
async function askForLink(visit: Visit, secret: string): Promise<void> {
  const { ctx, key } = visit;
  const found = await findLinkVisit(ctx.db, hashSecret(secret), ctx.now());
  const [user] = found?.userId ? await findUsers(ctx.db, [found.userId]) : [];
  if (!user) throw noLongerValid('link');
  show(visit, 200, confirmLinkPage({ key, secret, providerName: requireProvider(ctx, key).name, user }), [originOf(visit)]);
}

/** The form's answer leads to the provider, which browsers hold against the page's policy. */
const originOf = ({ ctx, key }: Visit): string => new URL(requireProvider(ctx, key).issuer).origin;

async function beginLink(visit: Visit, linkSecret: string): Promise<void> {
  const { request, ctx, key } = visit;
  if (!isFromOurPage(request, ctx.settings)) throw noLongerValid('link');
  send(visit, await depart(ctx, key, { linkSecret }));
}

const cookieName = ({ settings }: Context): string => (settings.publicUrl.startsWith('https:') ? '__Host-visit' : 'visit');

function send({ response, ctx }: Visit, { url, browserSecret }: { readonly url: string; readonly browserSecret: string }): void {
  const { publicUrl } = ctx.settings;
  setCookie(response, { name: cookieName(ctx), value: browserSecret, path: '/', maxAge: cookieSeconds }, publicUrl);
  response.writeHead(303, { location: url, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).end();
}

async function comeBack(visit: Visit): Promise<void> {
  const { request, response, ctx, url, key } = visit;
  // Cookies of ours do not come with a form from elsewhere; they do with an address that the form leads to.
  if (request.method === 'POST') {
    const form = await readForm(request, response);
    return void response.writeHead(303, { location: `${url.pathname}?${form?.toString() ?? ''}`, 'cache-control': 'no-store' }).end();
  }
  const { visit: row, interactionId, person } = await welcomeBack(ctx, key, url, readCookie(request, cookieName(ctx)));
  setCookie(response, { name: cookieName(ctx), value: '', path: '/', maxAge: 0 }, ctx.settings.publicUrl);
  if (row.purpose === 'LINK' && row.userId) {
    await linkExternally(ctx, key, person, { userId: row.userId, sessionId: row.sessionId });
    return show(visit, 200, linkedPage(requireProvider(ctx, key).name));
  }
  if (!interactionId) throw noLongerValid('sign-in');
  const flow = await signInExternally(ctx, key, person, interactionId);
  await resumeSignIn(request, response, ctx, interactionId, flow);
}

function statusOf({ code }: DomainError): number {
  if (code === 'UPSTREAM_UNAVAILABLE') return 503;
  return code === 'CONFLICT' ? 409 : 400;
}

const show = ({ response }: Visit, status: number, html: string, targets: readonly string[] = []): void =>
  sendPage(response, status, html, targets);
