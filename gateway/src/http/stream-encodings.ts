import { upstreamUnavailable } from '@supergraph/platform/errors';
import type { GraphQLFormattedError } from 'graphql';
import { subscriptionsType } from './accept.ts';

/** How a protocol writes a stream of answers into one HTTP response. */
export interface StreamEncoding {
  readonly transport: 'sse' | 'multipart';
  readonly contentType: string;
  /** Said at once, so that the client knows that the stream has begun. */
  readonly opening: string;
  readonly heartbeat: string;
  /** One answer, given as JSON text. */
  next(answer: string): string;
  /** The stream cannot go on, for a reason beside its operation. */
  fault(error: GraphQLFormattedError): string;
  /** The server stops; whoever subscribes again finds another one. */
  readonly interrupted: string;
  /** Said when all is said. */
  readonly complete: string;
}

/** Server-sent events, one connection for each operation: the distinct mode of the graphql-sse protocol. */
export const eventStream: StreamEncoding = {
  transport: 'sse',
  contentType: 'text/event-stream; charset=utf-8',
  opening: ':\n\n',
  heartbeat: ':\n\n',
  // A line break ends a field of an event; in JSON it can only stand where a space may.
  next: (answer) => `event: next\ndata: ${/[\r\n]/.test(answer) ? answer.replaceAll(/[\r\n]/g, ' ') : answer}\n\n`,
  fault: (error) => `event: next\ndata: ${JSON.stringify({ errors: [error] })}\n\nevent: complete\ndata:\n\n`,
  // Without "complete" clients know that the stream was cut and come back by themselves.
  interrupted: '',
  complete: 'event: complete\ndata:\n\n',
};

const { message, extensions } = upstreamUnavailable('the server restarts, subscribe again');
const part = (json: string): string => `\r\ncontent-type: application/json\r\n\r\n${json}\r\n--graphql`;

const fault = (error: GraphQLFormattedError): string => `${part(`{"payload":null,"errors":[${JSON.stringify(error)}]}`)}--\r\n`;

/** Apollo's multipart subscription protocol. Each part ends with the boundary, without which clients do not read it. */
export const multipartStream: StreamEncoding = {
  transport: 'multipart',
  contentType: subscriptionsType,
  opening: '\r\n--graphql',
  heartbeat: part('{}'),
  next: (answer) => part(`{"payload":${answer}}`),
  fault,
  interrupted: fault({ message, extensions }),
  complete: '--\r\n',
};
