import type { IncomingMessage, ServerResponse } from 'node:http';
import { OperationTypeNode } from 'graphql';
import type { Answer } from '../answer.ts';
import { toGraphQLError } from '../edge-errors.ts';
import type { Via } from '../edge-metrics.ts';
import { isPlace } from '../open-streams.ts';
import { isChecked } from '../operations.ts';
import { answerOnce, beginStream, refuseWith, type Shared, wrongTransport } from '../serving.ts';
import { acceptedBy, acceptsEvents } from './accept.ts';
import { ClientLeft } from './body.ts';
import { openChannel, pour } from './channel.ts';
import { type Door, enter, errorReplyOf } from './entrance.ts';
import type { Exchange, Lane } from './lane.ts';
import { type Headers, isReply, isWhole, type Reply, writeReply } from './reply.ts';
import { writeStream } from './stream.ts';
import { eventStream, multipartStream, type StreamEncoding } from './stream-encodings.ts';

/** Answers one request; `common` are the headers that every answer has. Never rejects. */
export type Route = (request: IncomingMessage, response: ServerResponse, common: Headers) => Promise<void>;

/** Where a route is, and whom it serves. */
export type Place = Pick<Door, 'shared' | 'limits' | 'servingOf'>;

const graph = {
  accepted: acceptedBy,
  mend: 'send "accept: application/graphql-response+json, application/json"',
  guardsGet: true,
};

const events = {
  accepted: acceptsEvents,
  mend: 'send "accept: text/event-stream"',
  // A browser's EventSource cannot send the header that would show it, nor a token that could be abused.
  guardsGet: false,
};

/** /graphql: whole answers, deferred parts, and subscriptions by multipart. */
export function createGraphQLRoute(place: Place, lane: Lane): Route {
  const door: Door = { ...place, ...graph, via: { lane: lane.name, transport: 'http' } };
  return guarded(door, async (request, response, common) => {
    const headers = { ...common, 'cache-control': 'no-store' };
    const page = request.method === 'GET' && request.headers.accept?.includes('text/html') ? await lane.page?.(request) : undefined;
    const entered = page ?? (await enter(door, request, signalOf(response)));
    if (isReply(entered)) return refuse(door, response, headers, entered);
    if (!isSubscription(entered)) return send(place.shared, response, headers, await lane.answer(entered));
    if (entered.accepted.subscriptions) return stream(response, multipartStream, entered, headers);
    return refuse(door, response, headers, errorReplyOf(wrongTransport(), entered.accepted.whole));
  });
}

/** /graphql/stream: operations of all kinds as server-sent events. */
export function createEventRoute(place: Place): Route {
  const door: Door = { ...place, ...events, via: { lane: 'direct', transport: 'sse' } };
  return guarded(door, async (request, response, common) => {
    const headers = { ...common, 'cache-control': 'no-cache, no-transform' };
    const entered = await enter(door, request, signalOf(response));
    if (isReply(entered)) return refuse(door, response, headers, entered);
    return stream(response, eventStream, entered, headers);
  });
}

function signalOf(response: ServerResponse): AbortSignal {
  const leaving = new AbortController();
  response.once('close', () => {
    // What was answered has ended by itself, and an abort is dear to make.
    if (!response.writableFinished) leaving.abort();
  });
  return leaving.signal;
}

const isSubscription = ({ checked }: Exchange): boolean =>
  isChecked(checked) && checked.operation.operation === OperationTypeNode.SUBSCRIPTION;

/** Counts a request that was not let in, unless it got a page. */
function refuse({ shared, via }: Pick<Door, 'shared' | 'via'>, response: ServerResponse, common: Headers, reply: Reply): Promise<void> {
  if (reply.refusal) shared.metrics.refused(via, reply.refusal);
  return send(shared, response, common, reply);
}

async function send({ slowReaders }: Shared, response: ServerResponse, common: Headers, reply: Reply): Promise<void> {
  const { status, headers, body } = reply;
  if (isWhole(body)) return writeReply(response, common, { status, headers, body });
  await pour(openChannel(slowReaders, response, status, { ...common, ...headers }), body);
}

async function stream(response: ServerResponse, encoding: StreamEncoding, exchange: Exchange, headers: Headers): Promise<void> {
  const { serving, identified, accepted } = exchange;
  const via: Via = { lane: 'direct', transport: encoding.transport };
  const { viewer, client } = identified.identity;
  const place = serving.streams.enter(encoding.transport, client.ipAddress);
  const refused = isPlace(place) ? place.claim(viewer?.userId) : place;
  try {
    if (refused) return await refuse({ shared: serving, via }, response, headers, errorReplyOf(refused, accepted.whole));
    const answers = await answersOf({ ...exchange, via });
    await writeStream(serving, response, { encoding, answers, identified, headers });
  } finally {
    if (isPlace(place)) place.leave();
  }
}

async function answersOf({ serving, checked, ...work }: Exchange): Promise<AsyncGenerator<Answer, void>> {
  if (!isChecked(checked)) return only(refuseWith(serving, work.via, checked));
  const run = checked.operation.operation === OperationTypeNode.SUBSCRIPTION ? beginStream : answerOnce;
  const result = await run(serving, { ...work, checked });
  return Symbol.asyncIterator in result ? result : only(result);
}

// oxlint-disable-next-line typescript/require-await -- a stream of one
async function* only(result: Answer): AsyncGenerator<Answer, void> {
  yield result;
}

const guarded =
  ({ shared, via }: Door, route: Route): Route =>
  async (request, response, common) => {
    try {
      await route(request, response, common);
    } catch (error) {
      if (error instanceof ClientLeft) return;
      const reply = errorReplyOf(toGraphQLError(error, shared.log));
      if (response.headersSent) response.destroy();
      else await refuse({ shared, via }, response, common, reply);
    }
  };
