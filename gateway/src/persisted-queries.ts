import { createHash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import type { Identified } from './identify.ts';
import type { OperationText, SentOperation } from './operations.ts';
import type { Manifest } from './persisted-operations.ts';
import type { QueryStore } from './query-store.ts';

/** Finds the text of what a client sent. */
export interface PersistedQueries {
  textOf(sent: SentOperation, identified: Identified): Promise<FoundText | GraphQLError>;
}

/** An operation with its text. */
export interface FoundText extends OperationText {
  readonly extensions: SentOperation['extensions'];
  /** Keeps the text for those who send only its hash; to be called when it was found to be good. */
  readonly keep: (() => void) | undefined;
}

export interface PersistedQueriesOptions {
  readonly store: QueryStore;
  /** Operations that were registered before the start. */
  readonly manifest: Manifest;
  /** Whether this client may run nothing else. */
  readonly isLimited: (identified: Identified) => boolean;
}

/** Apollo's automatic persisted queries, and operations from a manifest by their ids. */
export function createPersistedQueries({ store, manifest, isLimited }: PersistedQueriesOptions): PersistedQueries {
  return {
    textOf: async (sent, identified) => {
      const { persistedQuery, ...extensions } = sent.extensions ?? {};
      const found = { ...sent, extensions, keep: undefined };
      const hash = persistedQuery === undefined ? undefined : hashIn(persistedQuery);
      if (hash instanceof GraphQLError) return hash;
      const registered = hash === undefined ? undefined : manifest.byId.get(hash);
      if (registered !== undefined) return { ...found, query: registered };
      if (isLimited(identified)) {
        if (sent.query !== undefined && manifest.texts.has(sent.query)) return { ...found, query: sent.query };
        return sent.query === undefined ? notInList() : notRegistered();
      }
      if (hash === undefined) return { ...found, query: sent.query ?? '' };
      const query = sent.query ?? (isHash(hash) ? await store.get(hash) : undefined);
      if (query === undefined) return notFound();
      if (sent.query === undefined) return { ...found, query };
      if (hashOf(query) !== hash) return mismatch();
      return { ...found, query, keep: () => store.set(hash, query) };
    },
  };
}

/** How a client of persisted queries names a text. */
export const hashOf = (query: string): string => createHash('sha256').update(query).digest('hex');

const isHash = (id: string): boolean => /^[0-9a-f]{64}$/.test(id);

function hashIn(persistedQuery: unknown): string | GraphQLError {
  const { version, sha256Hash } = (persistedQuery ?? {}) as { version?: unknown; sha256Hash?: unknown };
  if (version !== 1) return badRequest('"persistedQuery" must have "version": 1');
  if (typeof sha256Hash !== 'string' || sha256Hash === '' || sha256Hash.length > 200)
    return badRequest('"persistedQuery" must have the "sha256Hash" of the query, or the id of a persisted operation');
  return sha256Hash;
}

const badRequest = (message: string, reason?: string) =>
  new GraphQLError(message, { extensions: { ...(reason ? { reason } : {}), code: 'BAD_REQUEST' } });

/** Clients know this message and code, and send the text with their next try. */
const notFound = () => new GraphQLError('PersistedQueryNotFound', { extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } });

const mismatch = () =>
  badRequest('the "sha256Hash" is not that of the query; send the SHA-256 of its text in hexadecimal digits', 'HASH_MISMATCH');

const notInList = () =>
  new GraphQLError('there is no persisted operation of this id; register it in the manifest first', {
    extensions: { code: 'FORBIDDEN', reason: 'PERSISTED_OPERATION_UNKNOWN' },
  });

const notRegistered = () =>
  new GraphQLError('only registered operations run here; register this one in the manifest and send its id', {
    extensions: { code: 'FORBIDDEN', reason: 'PERSISTED_OPERATIONS_ONLY' },
  });
