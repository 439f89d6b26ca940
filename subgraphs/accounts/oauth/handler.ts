import { IncomingMessage, type ServerResponse } from 'node:http';
import { escaped, layOut, readForm, sendPage } from '@supergraph/platform/html';
import type { RouteHandler } from '@supergraph/platform/routes';
import type { Context } from '../context.ts';
import type { Loaders } from '../loaders.ts';
import { within } from './around.ts';
import { answerExternal } from './external.ts';
import { isOutage, outage } from './outage.ts';
import { answerSignIn } from './pages/sign-in.ts';
import { externalPath, signInPath, signInScript } from './paths.ts';
import { providerOf } from './provider.ts';
import { markShown } from './token-adapters.ts';

/** Answers the OAuth endpoints and the pages that belong to them. */
export const handleOAuth: RouteHandler<Loaders> = async (request, response, ctx) => {
  const url = new URL(request.url ?? '/', ctx.settings.publicUrl);
  if (url.pathname === signInPath || url.pathname === signInScript) return answerSignIn(request, response, ctx, url);
  if (url.pathname.startsWith(externalPath)) return answerExternal(request, response, ctx, url);
  try {
    await within(ctx, () => answerProvider(request, response, ctx, url));
  } catch (error) {
    if (!isOutage(error)) throw error;
    ctx.log.warn({ error }, 'the database did not answer an OAuth request');
    response.writeHead(outage.status, { ...outage.headers, 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(outage.body));
  }
};

const tellTokens = new Set(['/oauth/introspect', '/oauth/revoke']);

async function answerProvider(request: IncomingMessage, response: ServerResponse, ctx: Context, url: URL): Promise<void> {
  placeAt(request, ctx.settings.publicUrl);
  const marked = request.method === 'POST' && tellTokens.has(url.pathname) ? await withMarkedToken(request, response) : request;
  if (!marked) return refuse(response, 'The request is too large.');
  const provider = await providerOf(ctx);
  await provider.callback()(marked, response);
}

/** The provider builds its addresses from these; what the client says of its own place is not believed. */
function placeAt({ headers }: IncomingMessage, publicUrl: string): void {
  const { protocol, host } = new URL(publicUrl);
  headers['x-forwarded-proto'] = protocol.slice(0, -1);
  headers['x-forwarded-host'] = host;
}

/** The same request with its token marked; null when it is too large. */
async function withMarkedToken(request: IncomingMessage, response: ServerResponse): Promise<IncomingMessage | null> {
  const form = await readForm(request, response);
  if (!form) return null;
  const token = form.get('token');
  if (token) form.set('token', token.includes('.') ? markShown(token) : token);
  const body = Buffer.from(form.toString());
  const again = new IncomingMessage(request.socket);
  // One that is not complete takes its connection with it.
  Object.assign(again, { method: request.method, url: request.url, httpVersion: request.httpVersion, complete: true });
  again.headers = { ...request.headers, 'content-length': String(body.length) };
  delete again.headers['transfer-encoding'];
  again.push(body);
  again.push(null);
  return again;
}

function refuse(response: ServerResponse, why: string): void {
  const body = `<p class="wrong" role="alert">${escaped(why)}</p><p class="soft">Go back to the app and begin again.</p>`;
  sendPage(response, 400, layOut('This did not work', body));
}
