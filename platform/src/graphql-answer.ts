import type { GraphQLFormattedError } from 'graphql';
import { upstreamUnavailable } from './errors.ts';
import { Outage } from './outage.ts';
import type { SubgraphAnswer } from './subgraph.ts';

/** What callers get in place of an answer; it names no host and no service. */
export const unavailable = (reason?: string): SubgraphAnswer => {
  const { message, extensions } = upstreamUnavailable();
  return { data: null, errors: [{ message, extensions: { ...extensions, ...(reason ? { reason } : {}) } }] };
};

/** A subgraph's answer from its JSON text, as objects of the caller's own; throws an Outage where it is no GraphQL. */
export function parseAnswer(text: string): SubgraphAnswer {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw new Outage('it answered with something that is no JSON', false, { cause: error });
  }
  return readAnswer(answer);
}

/** Keeps of a subgraph's answer only what an answer consists of; throws an Outage where it is no GraphQL. */
export function readAnswer(answer: unknown): SubgraphAnswer {
  if (!isRecord(answer) || (answer['data'] === undefined && answer['errors'] === undefined))
    throw new Outage('it answered with something that is no GraphQL', false);
  const { data, errors } = answer;
  if (data != null && !isRecord(data)) throw new Outage('its data is no object', false);
  return Array.isArray(errors) && errors.length > 0 ? { data, errors: readErrors(errors) } : { data };
}

/** Errors as they may be passed on, whatever the other side calls an error. */
export const readErrors = (errors: readonly unknown[]): GraphQLFormattedError[] => errors.map(readError);

function readError(error: unknown): GraphQLFormattedError {
  const { message, path, extensions } = isRecord(error) ? error : {};
  return {
    message: typeof message === 'string' ? message : 'something went wrong on our side',
    ...(Array.isArray(path) ? { path: path as (string | number)[] } : {}),
    extensions: isRecord(extensions) ? extensions : { code: 'INTERNAL_SERVER_ERROR' },
  };
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
