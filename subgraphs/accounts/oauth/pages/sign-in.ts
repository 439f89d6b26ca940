import type { IncomingMessage, ServerResponse } from 'node:http';
import { DomainError } from '@supergraph/platform/errors';
import { formTargetOf, isFromOurPage, readForm, sendPage } from '@supergraph/platform/html';
import { linksAt } from '@supergraph/platform/mail-content';
import { decodeJwt } from 'jose';
import type { Context } from '../../context.ts';
import { resetPath, signUpPath } from '../../pages/paths.ts';
import { externalProviders } from '../../service/external/providers.ts';
import { allowClient, allScopes, interactionText, refuseClient } from '../../service/oauth/interactions.ts';
import { organizationsOf } from '../../service/oauth/memberships.ts';
import { type ShownFlow, startSignIn } from '../../service/sign-in/flow.ts';
import { continueSignIn } from '../../service/sign-in/proceed.ts';
import { findUsers } from '../../store/users.ts';
import { within } from '../around.ts';
import { type AnsweredBy, readInteraction, type Waiting } from '../interaction.ts';
import { signInPath, signInScript } from '../paths.ts';
import { deviceTokenOf, forgetProof, keepDevice, keepProof, proofOf } from './browser.ts';
import { passkeyScript } from './passkey-script.ts';
import { consentPage, overPage, passkeyPage, secondFactorPage, signInPage } from './sign-in-pages.ts';

/** One request for the sign-in page, with what it is about. */
interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly ctx: Context;
  readonly id: string;
  readonly waiting: Waiting;
}

/** The platform's own sign-in page: forms that work without scripts, but for passkeys. */
export async function answerSignIn(request: IncomingMessage, response: ServerResponse, ctx: Context, url: URL): Promise<void> {
  if (url.pathname === signInScript) return sendScript(response);
  if (request.method !== 'GET' && request.method !== 'POST') return void response.writeHead(405, { allow: 'GET, POST' }).end();
  const id = url.searchParams.get('interaction') ?? '';
  const waiting = interactionText.safeParse(id).success ? await within(ctx, () => readInteraction(ctx, id)) : null;
  if (!waiting || waiting.isAnswered) return sendPage(response, 404, overPage());
  const visit = { request, response, ctx, id, waiting };
  if (request.method === 'GET') return showFirst(visit);
  if (!isFromOurPage(request, ctx.settings)) return sendPage(response, 403, overPage());
  const form = await readForm(request, response);
  if (!form) return sendPage(response, 413, overPage());
  await takeStep(visit, form);
}

/** Goes on with a flow that something else than these forms moved. */
export async function resumeSignIn(
  request: IncomingMessage,
  response: ServerResponse,
  ctx: Context,
  id: string,
  flow: ShownFlow,
): Promise<void> {
  const waiting = await within(ctx, () => readInteraction(ctx, id));
  if (!waiting) return sendPage(response, 404, overPage());
  await goOn({ request, response, ctx, id, waiting }, flow);
}

const placeOf = ({ ctx, id, waiting }: Visit) => ({
  id,
  appName: waiting.client.name,
  providers: externalProviders(ctx),
  forgotUrl: `${linksAt(ctx.settings)}${resetPath}`,
  signUpUrl: `${linksAt(ctx.settings)}${signUpPath}`,
});

async function showFirst(visit: Visit, error?: string): Promise<void> {
  const by = await proofOf(visit.request, visit.ctx, visit.id, visit.waiting);
  if (by) return showConsent(visit, by, error);
  show(visit, signInPage({ ...placeOf(visit), error }), error ? 400 : 200);
}

async function showConsent(visit: Visit, by: AnsweredBy, error?: string): Promise<void> {
  const { ctx, id, waiting } = visit;
  const [user] = await findUsers(ctx.db, [by.userId]);
  const wanted = new Set(waiting.scopes);
  const scopes = allScopes().filter(({ name }) => wanted.has(name));
  const organizations = await organizationsOf(ctx, by.userId);
  const { name, logoUrl } = waiting.client;
  const page = consentPage({ id, appName: name, logoUrl, personName: user?.displayName ?? '', scopes, organizations, error });
  show(visit, page, error ? 400 : 200);
}

async function takeStep(visit: Visit, form: URLSearchParams): Promise<void> {
  try {
    await stepOf(visit, form);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    await showFailure(visit, form, error);
  }
}

async function stepOf(visit: Visit, form: URLSearchParams): Promise<void> {
  const { ctx, response } = visit;
  const step = form.get('step');
  if (step === 'password') return goOn(visit, await provePassword(visit, form));
  if (step === 'second') return goOn(visit, await continueSignIn(ctx, secondProofOf(form)));
  if (step === 'passkey') return offerPasskey(visit);
  if (step === 'assertion') return goOn(visit, await continueSignIn(ctx, assertionOf(form)));
  if (step === 'other') {
    forgetProof(response, ctx);
    return show(visit, signInPage(placeOf(visit)));
  }
  if (step === 'allow' || step === 'deny') return answer(visit, step, form.get('organization') ?? '');
  return showFirst(visit);
}

async function offerPasskey(visit: Visit): Promise<void> {
  const { ctx, id } = visit;
  const flow = await startSignIn(ctx, { interactionId: id });
  show(visit, passkeyPage({ id, flow, passkeyOptions: await flow.passkeyOptions() }));
}

async function provePassword({ ctx, id, request }: Visit, form: URLSearchParams): Promise<ShownFlow> {
  const identifier = form.get('identifier') ?? '';
  if (!identifier) throw new DomainError('BAD_USER_INPUT', 'Type your address or your handle.');
  const deviceToken = deviceTokenOf(request, ctx);
  const flow = await startSignIn(ctx, { identifier, interactionId: id, ...(deviceToken ? { deviceToken } : {}) });
  return continueSignIn(ctx, { flowId: flow.id, password: form.get('password') ?? '' });
}

const secondProofOf = (form: URLSearchParams) => {
  const code = (form.get('code') ?? '').trim();
  const isTotp = /^\d{3}\s?\d{3}$/.test(code);
  return {
    flowId: form.get('flow') ?? '',
    ...(isTotp ? { totpCode: code.replace(/\s/, '') } : { recoveryCode: code }),
    trustDevice: form.get('trust') === 'yes',
  };
};

function assertionOf(form: URLSearchParams) {
  try {
    return { flowId: form.get('flow') ?? '', passkeyAssertion: JSON.parse(form.get('assertion') ?? '') as unknown };
  } catch {
    throw new DomainError('BAD_USER_INPUT', 'The passkey did not answer. Try once more.');
  }
}

/** Where a flow leads: on to the app, to the question whether it may, or to the second proof. */
async function goOn(visit: Visit, flow: ShownFlow): Promise<void> {
  const { ctx, id, response } = visit;
  if (flow.deviceToken) keepDevice(response, ctx, flow.deviceToken);
  if (flow.redirectUrl) return redirect(response, flow.redirectUrl);
  if (!flow.tokens) return show(visit, secondFactorPage({ id, flow, passkeyOptions: await flow.passkeyOptions() }));
  const claims = decodeJwt(flow.tokens.accessToken);
  keepProof(response, ctx, id, {
    userId: String(claims.sub),
    acr: String(claims['acr']),
    amr: claims['amr'] as string[],
    authTime: new Date(Number(claims['auth_time']) * 1_000),
    sessionId: String(claims['sid']),
  });
  // Read anew, so that going back or reloading sends no password again.
  redirect(response, `${signInPath}?interaction=${id}`);
}

async function answer(visit: Visit, step: 'allow' | 'deny', organizationId: string): Promise<void> {
  const { ctx, id, waiting, request, response } = visit;
  const by = await proofOf(request, ctx, id, waiting);
  if (!by) return showFirst(visit);
  const to = step === 'deny' ? await refuseClient(ctx, id) : await allowClient(ctx, id, by, organizationId || undefined);
  forgetProof(response, ctx);
  redirect(response, to);
}

async function showFailure(visit: Visit, form: URLSearchParams, error: DomainError): Promise<void> {
  const step = form.get('step');
  const words = wordsFor(error);
  const flowId = form.get('flow') ?? '';
  if (step === 'second' && error.code === 'UNAUTHENTICATED')
    return show(visit, secondFactorPage({ id: visit.id, flow: { id: flowId, nextSteps: ['TOTP', 'RECOVERY_CODE'] }, error: words }), 400);
  if (error.extensions['reason'] === 'STEP_UP_REQUIRED') forgetProof(visit.response, visit.ctx);
  if (step === 'allow' || step === 'deny') return showFirst(visit, words);
  show(visit, signInPage({ ...placeOf(visit), error: words, identifier: form.get('identifier') ?? '' }), 400);
}

function wordsFor({ code, message, extensions }: DomainError): string {
  if (code === 'RATE_LIMITED') return `Too many tries. Wait ${Number(extensions['retryAfterSeconds'])} seconds.`;
  if (code === 'UNAUTHENTICATED' && message === 'wrong credentials') return 'That is not right. Check it and try once more.';
  if (code === 'NOT_FOUND' && message.includes('no longer valid')) return 'That took too long. Sign in once more.';
  return message;
}

const redirect = (response: ServerResponse, to: string): void =>
  void response.writeHead(303, { location: to, 'cache-control': 'no-store', 'referrer-policy': 'same-origin' }).end();

function show({ response, waiting }: Visit, html: string, status = 200): void {
  sendPage(response, status, html, waiting.redirectUri ? [formTargetOf(waiting.redirectUri)] : []);
}

const sendScript = (response: ServerResponse): void =>
  void response
    .writeHead(200, {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=3600',
      'x-content-type-options': 'nosniff',
    })
    .end(passkeyScript);
