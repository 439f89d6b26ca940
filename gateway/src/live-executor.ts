import { type DocumentNode, GraphQLError, validate } from 'graphql';
import { type Answer, refusedWith } from './answer.ts';
import type { Executor } from './executor.ts';

/** The executor of one contract as it is right now; it changes with the supergraph. */
export interface LiveExecutor {
  readonly current: Executor;
  /** Calls back after each swap; the result ends that. */
  onSwap(listener: () => void): () => void;
}

export interface SwappableExecutor extends LiveExecutor {
  /** What runs already ends where it began; subscriptions that the new supergraph no longer allows end with an error. */
  swap(next: Generation): void;
}

/** How many executors that were swapped out may be kept alive by their subscriptions. */
const retiredKept = 10;

interface Stream {
  readonly document: DocumentNode;
  outdated: boolean;
  source: AsyncGenerator<Answer, void> | undefined;
}

/** An executor that knows its open subscriptions. */
export interface Generation {
  readonly executor: Executor;
  readonly streams: ReadonlySet<Stream>;
  /** It gets no new requests from now on. */
  retire(): void;
}

/** Holds an executor that can be swapped under running requests and subscriptions. */
export function createLiveExecutor(first: Generation): SwappableExecutor {
  const listeners = new Set<() => void>();
  let current = first;
  let retired: Generation[] = [];
  return {
    get current() {
      return current.executor;
    },
    onSwap: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    swap: (next) => {
      current.retire();
      retired = [current, ...retired].filter(({ streams }) => streams.size > 0);
      current = next;
      const isValid = validity(next.executor);
      for (const [index, { streams }] of retired.entries())
        for (const stream of streams) if (index >= retiredKept || !isValid(stream.document)) end(stream);
      for (const listener of listeners) listener();
    },
  };
}

/**
 * Counts an executor's subscriptions from the moment at which they are asked for. `release` is called once, when it is
 * retired and its last subscription has ended.
 */
export function createGeneration(executor: Executor, release: () => void): Generation {
  const streams = new Set<Stream>();
  let isRetired = false;
  const leave = (stream: Stream) => {
    if (streams.delete(stream) && isRetired && streams.size === 0) release();
  };
  const subscribe: Executor['subscribe'] = async (request) => {
    const stream: Stream = { document: request.document, outdated: false, source: undefined };
    streams.add(stream);
    try {
      const source = await executor.subscribe(request);
      if (Symbol.asyncIterator in source) return follow(source, stream, () => leave(stream));
      leave(stream);
      return source;
    } catch (error) {
      leave(stream);
      throw error;
    }
  };
  return {
    executor: { ...executor, subscribe },
    streams,
    retire: () => {
      isRetired = true;
      if (streams.size === 0) release();
    },
  };
}

function follow(source: AsyncGenerator<Answer, void>, stream: Stream, leave: () => void): AsyncGenerator<Answer, void> {
  stream.source = source;
  if (stream.outdated) end(stream);
  const answers = (async function* () {
    try {
      yield* source;
      if (stream.outdated) yield refusedWith(supergraphChanged());
    } finally {
      leave();
    }
  })();
  const close = answers.return.bind(answers);
  // A generator that waits for its source does not hear `return` before the next event, and one that never began skips its `finally`.
  answers.return = async (value) => {
    leave();
    await source.return();
    return close(value);
  };
  return answers;
}

/** Ends a subscription as soon as it has a source to end; its last answer says why. */
function end(stream: Stream): void {
  stream.outdated = true;
  // What fails while it ends has ended; whoever reads the subscription hears of it.
  stream.source?.return().catch(() => undefined);
}

/** Thousands of subscriptions run the same few documents. */
function validity({ schema }: Executor): (document: DocumentNode) => boolean {
  const known = new Map<DocumentNode, boolean>();
  return (document) => {
    const found = known.get(document) ?? validate(schema, document, undefined, { maxErrors: 1 }).length === 0;
    known.set(document, found);
    return found;
  };
}

const supergraphChanged = () =>
  new GraphQLError(
    'the graph has changed and no longer offers all that this subscription asks for; look at the schema and subscribe again',
    {
      extensions: { code: 'CONFLICT', reason: 'SUPERGRAPH_CHANGED' },
    },
  );
