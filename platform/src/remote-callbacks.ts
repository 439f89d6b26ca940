import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { stream } from './bus.ts';
import { conflict, DomainError } from './errors.ts';
import { isRecord, readAnswer, readErrors, unavailable } from './graphql-answer.ts';
import type { SubgraphAnswer } from './subgraph.ts';

/** What a subgraph must know to call back: it belongs into `extensions.subscription` of the operation. */
export interface CallbackExtension {
  readonly callbackUrl: string;
  readonly subscriptionId: string;
  readonly verifier: string;
  readonly heartbeatIntervalMs: number;
}

/** Events that subgraphs send by HTTP, in Apollo's callback protocol (callback/1.0). */
export interface Callbacks {
  /** Answers a POST whose path ends with a subscription's id. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Waits for one subscription's events until the signal, the subgraph or its silence ends it; undefined when too many wait. */
  expect(
    signal: AbortSignal,
  ): { readonly extension: CallbackExtension; readonly answers: AsyncGenerator<SubgraphAnswer, void> } | undefined;
  /** Ends all subscriptions. */
  close(): void;
}

export interface CallbackOptions {
  /** Where subgraphs reach `handle`, without the id. */
  readonly address: () => string;
  readonly heartbeatMs?: number;
  readonly most?: number;
}

type Message = { readonly answer: SubgraphAnswer; readonly bytes: number; readonly isLast?: boolean } | 'end';

interface Waiting {
  readonly verifier: Buffer;
  readonly push: (message: Message) => void;
  readonly fail: (error: unknown) => void;
  /** Bytes that have arrived and are not read yet. */
  bytes: number;
  /** Ends the subscription when nothing has been heard for too long. */
  readonly silence: NodeJS.Timeout;
}

const largestMessage = 1_048_576;
/** How many heartbeats may be missing. */
const patience = 3;

/** Keeps the subscriptions that subgraphs call back for. */
export function createCallbacks({ address, heartbeatMs = 5_000, most = 20_000 }: CallbackOptions): Callbacks {
  const waiting = new Map<string, Waiting>();
  const closing = new AbortController();

  const listen = (id: string, verifier: string) => (push: (message: Message) => void, fail: (error: unknown) => void) => {
    const silence = setTimeout(
      () => push({ answer: unavailable('HEARTBEAT_MISSED'), bytes: 0, isLast: true }),
      heartbeatMs * patience,
    ).unref();
    waiting.set(id, { verifier: hashOf(verifier), push, fail, bytes: 0, silence });
    return () => {
      clearTimeout(silence);
      waiting.delete(id);
    };
  };

  return {
    expect: (signal) => {
      if (waiting.size >= most) return undefined;
      const id = randomUUID();
      const verifier = randomBytes(32).toString('base64url');
      const messages = stream(listen(id, verifier), AbortSignal.any([signal, closing.signal]));
      const entry = waiting.get(id);
      return {
        extension: { callbackUrl: `${address().replace(/\/$/, '')}/${id}`, subscriptionId: id, verifier, heartbeatIntervalMs: heartbeatMs },
        answers: answersOf(messages, entry),
      };
    },
    handle: async (request, response) => {
      const id = /\/([0-9a-f-]{36})$/.exec(request.url?.split('?')[0] ?? '')?.[1] ?? '';
      const entry = waiting.get(id);
      if (request.method !== 'POST') return answer(response, 405);
      if (!entry) return answer(response, 404);
      const text = await readText(request);
      if (text === undefined) return answer(response, 413);
      answer(response, waiting.get(id) === entry ? take(entry, id, text) : 404);
    },
    close: () => closing.abort(),
  };
}

/** Takes a message in; the HTTP status to answer with, as Apollo's router answers. */
function take(entry: Waiting, id: string, text: string): number {
  const message = parse(text);
  if (!message || message['kind'] !== 'subscription' || message['id'] !== id) return 400;
  if (!timingSafeEqual(hashOf(String(message['verifier'])), entry.verifier)) return 401;
  entry.silence.refresh();
  switch (message['action']) {
    case 'check':
      return 204;
    case 'next':
      return keep(entry, message['payload'], Buffer.byteLength(text));
    case 'complete': {
      const { errors } = message;
      if (Array.isArray(errors) && errors.length > 0)
        entry.push({ answer: { data: null, errors: readErrors(errors) }, bytes: 0, isLast: true });
      else entry.push('end');
      return 202;
    }
    default:
      return 400;
  }
}

/** Keeps an event for its reader, but not more than a reader that keeps up would leave. */
function keep(entry: Waiting, payload: unknown, bytes: number): number {
  if (entry.bytes > 0 && entry.bytes + bytes > largestMessage) {
    entry.fail(conflict('the subscriber reads too slowly; resume from the last cursor', { reason: 'SLOW_CONSUMER' }));
    return 404;
  }
  try {
    entry.push({ answer: readAnswer(payload), bytes });
    entry.bytes += bytes;
    return 200;
  } catch {
    // What the subgraph sent is no answer; it is told so.
    return 400;
  }
}

async function* answersOf(messages: AsyncGenerator<Message, void>, entry: Waiting | undefined): AsyncGenerator<SubgraphAnswer, void> {
  try {
    for await (const message of messages) {
      if (message === 'end') return;
      if (entry) entry.bytes -= message.bytes;
      yield message.answer;
      if (message.isLast) return;
    }
  } catch (error) {
    yield error instanceof DomainError ? { data: null, errors: [{ message: error.message, extensions: error.extensions }] } : unavailable();
  }
}

/** The whole body, or undefined when it is too large. */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestMessage) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return isRecord(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

/** Of one length, whatever was sent, so that comparing tells nothing. */
const hashOf = (verifier: string): Buffer => createHash('sha256').update(verifier).digest();

function answer(response: ServerResponse, status: number): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { 'subscription-protocol': 'callback/1.0', ...(status === 405 ? { allow: 'POST' } : {}) }).end();
}
