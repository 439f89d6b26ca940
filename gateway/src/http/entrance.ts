import type { IncomingMessage } from 'node:http';
import { upstreamUnavailable } from '@supergraph/platform/errors';
import { type GraphQLError, OperationTypeNode } from 'graphql';
import { admit } from '../admission.ts';
import { refusedWith } from '../answer.ts';
import { credentialsOf } from '../credentials.ts';
import { headersOf, statusOf, toGraphQLError } from '../edge-errors.ts';
import type { Via } from '../edge-metrics.ts';
import type { Identified } from '../identify.ts';
import type { Limits } from '../limits.ts';
import { isChecked, type SentOperation } from '../operations.ts';
import type { Serving, Shared } from '../serving.ts';
import type { Accepted } from './accept.ts';
import { readJsonBody } from './body.ts';
import { bodyTypeRefusal, csrfRefusal } from './csrf.ts';
import type { Exchange } from './lane.ts';
import { operationOfBody, operationOfSearch } from './parameters.ts';
import { errorReply, isReply, jsonType, refuse, type Reply } from './reply.ts';

/** What one address asks of its clients. */
export interface Door {
  readonly shared: Shared;
  readonly limits: Limits;
  /** What serves a client here: the contract of the address, or that of the token. */
  readonly servingOf: (identified: Identified) => Serving;
  readonly accepted: (accept: string | undefined) => Accepted | undefined;
  /** What to send where nothing of what is offered was accepted. */
  readonly mend: string;
  readonly via: Via;
  /** Whether a GET must show that no foreign page made the browser send it. */
  readonly guardsGet: boolean;
}

/** Takes a request in, or says with which reply it is refused; the same for both lanes and for streams. Throws `ClientLeft`. */
export async function enter(door: Door, request: IncomingMessage, signal: AbortSignal): Promise<Exchange | Reply> {
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'POST') return refuse(405, 'send a GET or a POST', {}, { allow: 'GET, POST' });
  const accepted = door.accepted(headers.accept);
  if (!accepted) return refuse(406, door.mend);
  const outcome = formRefusal(door, request) ?? shed(door.shared) ?? (await enterOperation(door, request, accepted, signal));
  if (!isReply(outcome)) return outcome;
  return { ...outcome, headers: { ...outcome.headers, 'content-type': accepted.whole } };
}

function formRefusal({ guardsGet }: Door, request: IncomingMessage): Reply | undefined {
  const isGet = request.method === 'GET';
  const guarded = !isGet || guardsGet;
  // An upload is told where to go, whether or not a browser could have been made to send it.
  const upload = request.headers['content-type']?.startsWith('multipart/') ? bodyTypeRefusal(request) : undefined;
  if (upload) return upload;
  const forged = guarded ? csrfRefusal(request) : undefined;
  if (forged) return forged;
  return isGet && request.headers['content-type'] === undefined ? undefined : bodyTypeRefusal(request);
}

/** Refuses before the body is read, when it is clear that there is no place. */
function shed({ load }: Shared): Reply | undefined {
  const leave = load.enter();
  leave?.();
  if (leave) return undefined;
  const { extensions } = upstreamUnavailable();
  return errorReply(503, [{ message: 'the service is overloaded, try again shortly', extensions }], headersOf(503, extensions));
}

async function enterOperation(door: Door, request: IncomingMessage, accepted: Accepted, signal: AbortSignal): Promise<Exchange | Reply> {
  const given = await sentBy(door, request);
  if (isReply(given)) return given;
  const identified = await identify(door.shared, request);
  if (isReply(identified)) return identified;
  const serving = door.servingOf(identified);
  const { sent, checked } = await admit(serving, given, identified);
  if (request.method === 'GET' && isChecked(checked) && checked.operation.operation === OperationTypeNode.MUTATION)
    return refuse(405, 'mutations are sent by POST', {}, { allow: 'POST' });
  return { serving, request, sent, checked, identified, accepted, signal, via: door.via };
}

async function sentBy({ limits }: Door, request: IncomingMessage): Promise<SentOperation | Reply> {
  if (request.method === 'GET') return operationOfSearch(request.url?.split('?').slice(1).join('?') ?? '');
  const body = await readJsonBody(request, limits.bodyBytes);
  return isReply(body) ? body : operationOfBody(body.json);
}

async function identify({ identifier, log, trustedProxies }: Shared, request: IncomingMessage): Promise<Identified | Reply> {
  try {
    return await identifier.identify(credentialsOf(request, trustedProxies));
  } catch (error) {
    return errorReplyOf(toGraphQLError(error, log));
  }
}

/** The reply to a request that failed with this error before it ran. */
export function errorReplyOf(error: GraphQLError, contentType = jsonType): Reply {
  const status = statusOf(error.extensions['code']);
  return errorReply(status, refusedWith(error).errors ?? [], { ...headersOf(status, error.extensions), 'content-type': contentType });
}
