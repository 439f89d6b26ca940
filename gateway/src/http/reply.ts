import type { ServerResponse } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import { reasonOf } from '../edge-metrics.ts';

export type Headers = Readonly<Record<string, string>>;

/** What is written to a client of HTTP: something whole, or texts that come one after the other. */
export interface Reply {
  readonly status: number;
  /** In lower case; they come before those that every answer has. */
  readonly headers: Headers;
  readonly body: Whole | AsyncGenerator<string, void>;
  /** Why the request was refused, in a word; absent where it was not. */
  readonly refusal?: string;
}

/** A whole body, as text or as its bytes. */
export type Whole = string | Buffer;

export const isWhole = (body: Reply['body']): body is Whole => typeof body === 'string' || Buffer.isBuffer(body);

export const jsonType = 'application/json; charset=utf-8';

/** A reply that tells errors; requests that are refused before they run get one. */
export const errorReply = (status: number, errors: readonly GraphQLFormattedError[], headers: Headers = {}): Reply => ({
  status,
  headers: { 'content-type': jsonType, ...headers },
  body: JSON.stringify({ errors }),
  refusal: refusalOf(status, errors[0]),
});

function refusalOf(status: number, error: GraphQLFormattedError | undefined): string {
  const reason = reasonOf(error);
  return reason === 'BAD_REQUEST' ? `HTTP_${status}` : reason;
}

/** A refusal by the rules of HTTP itself; `details` carries `reason`, `limit` and the like. */
export const refuse = (status: number, message: string, details: Readonly<Record<string, unknown>> = {}, headers: Headers = {}): Reply =>
  errorReply(status, [{ message, extensions: { ...details, code: 'BAD_REQUEST' } }], headers);

export const isReply = (value: object): value is Reply => 'status' in value && 'body' in value;

/** Writes a whole reply in one piece; `common` are the headers that every answer has. */
export function writeReply(response: ServerResponse, common: Headers, { status, headers, body }: Reply & { readonly body: Whole }): void {
  if (response.headersSent || response.destroyed) return;
  const bytes = Buffer.byteLength(body);
  response.writeHead(status, { ...common, ...headers, 'content-length': bytes });
  // As many bytes as characters: it is all ASCII, which Node copies faster when it is told so.
  response.end(body, bytes === body.length ? 'latin1' : 'utf8');
}
