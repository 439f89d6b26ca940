import type { Request, RequestHandler, Response } from 'express';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { unauthenticated } from '@supergraph/platform/errors';
import { type Answer, answerText, refusedWith } from './answer.ts';
import type { Identified } from './identify.ts';
import { isChecked, type OperationText } from './operations.ts';
import { answerOnce, beginStream, type Serving } from './serving.ts';

const pingEveryMs = 12_000;
const longestTimer = 2_147_483_647;

/**
 * Operations as server-sent events, one connection each (the distinct mode of the graphql-sse protocol). Each event
 * is written when the one before has left, so that a slow reader keeps its source waiting.
 */
export function createEventStreamHandler(serving: Serving): RequestHandler {
  return (request, response) => serveStream(serving, request, response);
}

async function serveStream(serving: Serving, request: Request, response: Response): Promise<void> {
  const { identified, signal } = response.locals as { identified: Identified; signal: AbortSignal };
  if (!request.headers.accept?.includes('text/event-stream')) {
    response.status(406).json({ errors: [{ message: 'send "accept: text/event-stream"', extensions: { code: 'BAD_REQUEST' } }] });
    return;
  }
  const text = operationOf(request);
  if (typeof text === 'string') {
    response.status(400).json({ errors: [{ message: text, extensions: { code: 'BAD_REQUEST' } }] });
    return;
  }
  const ended = new AbortController();
  const results = await resultsOf(serving, request, text, identified, AbortSignal.any([signal, ended.signal]));
  const connection = openStream(serving, response, identified, ended);
  try {
    for await (const result of results) {
      if (!(await connection.write(`event: next\ndata: ${answerText(result)}\n\n`))) return;
    }
    // Without "complete" the client knows that the stream was cut and comes back.
    if (!ended.signal.aborted) await connection.write('event: complete\ndata:\n\n');
  } finally {
    await results.return();
    connection.end();
  }
}

async function resultsOf(
  serving: Serving,
  { method }: Request,
  text: OperationText,
  identified: Identified,
  signal: AbortSignal,
): Promise<AsyncGenerator<Answer, void>> {
  const checked = serving.operations.check(text);
  if (!isChecked(checked)) return only(refusedWith(...checked));
  const kind = checked.operation.operation;
  if (method === 'GET' && kind === OperationTypeNode.MUTATION)
    return only(refusedWith(new GraphQLError('mutations are sent by POST', { extensions: { code: 'BAD_REQUEST' } })));
  const result =
    kind === OperationTypeNode.SUBSCRIPTION
      ? await beginStream(serving, checked, identified, signal)
      : await answerOnce(serving, checked, identified, signal);
  return Symbol.asyncIterator in result ? result : only(result);
}

// oxlint-disable-next-line typescript/require-await -- a stream of one
async function* only(result: Answer): AsyncGenerator<Answer, void> {
  yield result;
}

function openStream({ slowReaders, identifier, stopping }: Serving, response: Response, identified: Identified, ended: AbortController) {
  const { viewer } = identified.identity;
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  response.write(':\n\n');
  const end = () => ended.abort();
  const refuse = (reason: string) => {
    const { message, extensions } = unauthenticated('sign in again', { reason });
    response.write(`event: next\ndata: ${JSON.stringify({ errors: [{ message, extensions }] })}\n\nevent: complete\ndata:\n\n`);
    end();
  };
  const unwatch = response.socket ? slowReaders.watch(response.socket, () => response.destroy()) : () => undefined;
  const forget = identifier.onSessionEnded((sessionId) => {
    if (viewer?.sessionId === sessionId) refuse('SESSION_ENDED');
  });
  const ping = setInterval(() => response.write(':\n\n'), pingEveryMs);
  const expiry =
    identified.expiresAt === null
      ? undefined
      : setTimeout(() => refuse('TOKEN_EXPIRED'), Math.min(Math.max(0, identified.expiresAt - Date.now()), longestTimer));
  stopping.addEventListener('abort', end, { once: true });
  response.once('close', end);
  return {
    /** False when nobody listens any more. */
    write: (text: string) =>
      new Promise<boolean>((resolve) => {
        if (response.destroyed || ended.signal.aborted) return resolve(false);
        response.write(text, (error) => resolve(!error));
      }),
    end: () => {
      clearInterval(ping);
      clearTimeout(expiry);
      forget();
      unwatch();
      stopping.removeEventListener('abort', end);
      response.end();
    },
  };
}

/** The operation in a body, or in the query string of a GET; a text says what is wrong with it. */
function operationOf({ method, body, query: search }: Request): OperationText | string {
  const source: unknown = method === 'GET' ? search : body;
  if (typeof source !== 'object' || source === null || Array.isArray(source)) return 'the body must be a JSON object with a "query"';
  const { query, operationName, variables } = source as Record<string, unknown>;
  if (typeof query !== 'string' || query === '') return 'the "query" is missing';
  if (operationName != null && typeof operationName !== 'string') return '"operationName" must be a string';
  const values = typeof variables === 'string' ? parseVariables(variables) : (variables ?? {});
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return '"variables" must be an object';
  return { query, operationName: operationName ?? undefined, variables: values as Record<string, unknown> };
}

function parseVariables(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
