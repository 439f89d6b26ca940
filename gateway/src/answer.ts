import { type GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { CachePolicy } from './cache/policy.ts';

/** What a client gets: `data` as the JSON text that goes to the socket as it is, and what went wrong. */
export interface Answer {
  /** JSON text; absent when the request was refused before anything ran. */
  readonly data?: string | undefined;
  readonly errors?: readonly GraphQLFormattedError[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
  /** How long, in seconds, caches on the way may keep it; absent: not at all. */
  readonly cache?: CachePolicy | undefined;
}

/** A deferred part of an answer, for one place in it. */
export interface Increment {
  readonly path: readonly (string | number)[];
  readonly label?: string | undefined;
  /** JSON text. */
  readonly data: string;
  readonly errors?: readonly GraphQLFormattedError[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** An answer that comes in parts: what was not deferred, then the rest as it gets ready. */
export interface IncrementalAnswer {
  readonly initial: Answer;
  readonly later: AsyncGenerator<readonly Increment[], void>;
}

export const isIncremental = (answer: Answer | IncrementalAnswer): answer is IncrementalAnswer => 'later' in answer;

/** An answer as it is written to a client; `more` are members that a protocol adds at its end, each after a comma. */
export function answerText({ data, errors, extensions }: Answer, more = ''): string {
  const parts: string[] = [];
  if (errors?.length) parts.push(`"errors":${JSON.stringify(errors)}`);
  if (data !== undefined) parts.push(`"data":${data}`);
  if (extensions) parts.push(`"extensions":${JSON.stringify(extensions)}`);
  return `{${parts.join(',')}${more}}`;
}

/** Answers that several callers wait for, with their bytes once somebody needed them. */
const sharedBytes = new WeakMap<Answer, Buffer | undefined>();

/** Lets an answer be written once for all who wait for it. */
export function shareBytes(answer: Answer): Answer {
  if (!sharedBytes.has(answer)) sharedBytes.set(answer, undefined);
  return answer;
}

/** An answer as it goes to one client: as text, or as the bytes that all who wait for it get. */
export function answerBody(answer: Answer): string | Buffer {
  if (!sharedBytes.has(answer)) return answerText(answer);
  const bytes = sharedBytes.get(answer) ?? Buffer.from(answerText(answer));
  sharedBytes.set(answer, bytes);
  return bytes;
}

/** The same as objects, for protocols whose libraries write the text themselves. */
export const answerObject = ({ data, errors, extensions }: Answer): Record<string, unknown> => ({
  ...(errors?.length ? { errors } : {}),
  ...(data === undefined ? {} : { data: JSON.parse(data) as unknown }),
  ...(extensions ? { extensions } : {}),
});

/** The answer to a request that did not run. */
export const refusedWith = (...errors: readonly GraphQLError[]): Answer => ({ errors: errors.map(formatError) });

/** An error as clients read it. */
export const formatError = ({ message, path, locations, extensions }: GraphQLError): GraphQLFormattedError => ({
  message,
  ...(locations ? { locations } : {}),
  ...(path ? { path } : {}),
  extensions,
});
