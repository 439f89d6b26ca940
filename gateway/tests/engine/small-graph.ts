import { buildSubgraphSchema } from '@apollo/subgraph';
import { nobody } from '@supergraph/platform/context';
import { createLog } from '@supergraph/platform/log';
import type { SubgraphClient, SubgraphRequest } from '@supergraph/platform/subgraph';
import { type DocumentNode, type GraphQLFormattedError, parse, validate } from 'graphql';
import { isIncremental } from '../../src/answer.ts';
import { composeSubgraphs } from '../../src/compose.ts';
import type { Executor } from '../../src/executor.ts';
import { createExecutor, type ExecutorOptions } from '../../src/gateway.ts';
import type { Fixture } from '../fixtures.ts';

/** What a client reads. */
export interface Read {
  readonly data: any;
  readonly errors: readonly GraphQLFormattedError[];
}

export interface SmallGraph {
  readonly executor: Executor;
  readonly supergraphSdl: string;
  /** What the engine logged as errors, oldest first. */
  readonly logged: readonly string[];
  run(document: string | DocumentNode, variables?: Readonly<Record<string, unknown>>): Promise<Read>;
  /** The first part and then each later one. */
  runInParts(document: string): Promise<readonly (Read & { readonly path?: readonly (string | number)[] })[]>;
  /** Every event until the stream ends, or the answer in its place. */
  listen(document: string): Promise<readonly Read[]>;
}

/** The engine over a few subgraphs in this process, which refuse a document that is not valid for them. */
export function smallGraph(fixtures: readonly Fixture[], generateCode = true, cache?: ExecutorOptions['cache']): SmallGraph {
  const { supergraphSdl } = composeSubgraphs(fixtures.map(({ name, sdl }) => ({ name, sdl })));
  const log = createLog('silent', 'test');
  const logged: string[] = [];
  log.error = ({ error }: { error: Error }) => logged.push(error.message);
  const clients = new Map(fixtures.map((one) => [one.name, checking(one)]));
  const executor = createExecutor({ supergraphSdl, clients, log, generateCode, cache });
  const request = (document: string | DocumentNode, variables: Readonly<Record<string, unknown>> = {}) => ({
    document: typeof document === 'string' ? parse(document) : document,
    operationName: undefined,
    variables,
    identity: nobody('test'),
    signal: new AbortController().signal,
    deadline: Date.now() + 5_000,
  });
  return {
    executor,
    supergraphSdl,
    logged,
    run: async (document, variables) => read(await executor.execute(request(document, variables))),
    runInParts: async (document) => {
      const answer = await executor.executeInParts(request(document));
      if (!isIncremental(answer)) return [read(answer)];
      const parts = [read(answer.initial)];
      for await (const increments of answer.later) parts.push(...increments.map((one) => ({ path: one.path, ...read(one) })));
      return parts;
    },
    listen: async (document) => {
      const events = await executor.subscribe(request(document));
      if (!(Symbol.asyncIterator in events)) return [read(events)];
      const heard: Read[] = [];
      for await (const event of events) heard.push(read(event));
      return heard;
    },
  };
}

const read = ({
  data,
  errors = [],
}: {
  readonly data?: string | undefined;
  readonly errors?: readonly GraphQLFormattedError[] | undefined;
}): Read => ({
  data: data === undefined ? undefined : JSON.parse(data),
  errors,
});

function checking(fixture: Fixture): SubgraphClient {
  const schema = buildSubgraphSchema([{ typeDefs: parse(fixture.sdl) }]);
  const refusal = ({ query }: SubgraphRequest) => {
    const errors = validate(schema, parse(query));
    return errors.length > 0
      ? { errors: errors.map(({ message }) => ({ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })) }
      : undefined;
  };
  return {
    name: fixture.name,
    execute: async (request) => refusal(request) ?? fixture.execute(request),
    subscribe: async (request) => refusal(request) ?? fixture.subscribe(request),
    close: () => fixture.close(),
  };
}
