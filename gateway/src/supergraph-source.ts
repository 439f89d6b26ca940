import { randomUUID } from 'node:crypto';
import type { GraphQLDataSource, SupergraphManager } from '@apollo/gateway';
import { nobody } from '@supergraph/platform/context';
import type { SubgraphClient } from '@supergraph/platform/subgraph';

/** What a source says after its first supergraph. */
export interface SourceListener {
  /** Another supergraph, or the same one again after a problem. */
  readonly changed: (supergraphSdl: string) => void;
  /** Why no newer supergraph can be had, and what to do; what runs goes on. */
  readonly failed: (problem: string) => void;
}

export interface OpenSource {
  readonly supergraphSdl: string;
  close(): Promise<void>;
}

/** Where supergraphs come from; `open` rejects when there is no first one. */
export interface SupergraphSource {
  open(listener: SourceListener): Promise<OpenSource>;
}

/** A supergraph that stays the same until the program ends. */
export const fixedSupergraph = (supergraphSdl: string): SupergraphSource => ({
  open: () => Promise.resolve({ supergraphSdl, close: () => Promise.resolve() }),
});

const healthMs = 5_000;

/**
 * Takes supergraphs from one of Apollo's managers, such as `IntrospectAndCompose`. It asks subgraphs through our
 * clients, with the gateway's own identity.
 */
export function managedSupergraph(manager: SupergraphManager, clients: ReadonlyMap<string, SubgraphClient>): SupergraphSource {
  return {
    open: async ({ changed }) => {
      const { supergraphSdl, cleanup } = await manager.initialize({
        update: changed,
        healthCheck: async () => {
          for (const client of clients.values()) await ask(client, '{ __typename }');
        },
        getDataSource: ({ name }) => dataSourceOf(name, clients.get(name)),
      });
      return { supergraphSdl, close: async () => cleanup?.() };
    },
  };
}

function dataSourceOf(name: string, client: SubgraphClient | undefined): GraphQLDataSource {
  return {
    process: async ({ request }) => {
      if (!client) throw new Error(`nobody serves the subgraph ${name}\nmend: set SUBGRAPH_${name.toUpperCase()}_URL`);
      return { data: await ask(client, request.query ?? '') };
    },
  };
}

async function ask(client: SubgraphClient, query: string): Promise<Record<string, unknown>> {
  const { data, errors } = await client.execute({
    query,
    identity: { ...nobody(randomUUID()), service: 'gateway' },
    deadline: Date.now() + healthMs,
    signal: AbortSignal.timeout(healthMs),
  });
  if (!data || errors?.length) throw new Error(`the subgraph ${client.name} did not answer: ${errors?.[0]?.message ?? 'no data'}`);
  return data;
}
