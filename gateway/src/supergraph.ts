import { setImmediate as turn } from 'node:timers/promises';
import { SettingsError } from '@supergraph/platform/config';
import type { Log } from '@supergraph/platform/log';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { type DocumentNode, GraphQLError } from 'graphql';
import { type Contract, contracts, contractSdlOf, namingContract } from './contracts.ts';
import type { Executor } from './executor.ts';
import { createGeneration, createLiveExecutor, type Generation, type LiveExecutor, type SwappableExecutor } from './live-executor.ts';
import { createOverrides, type OverrideOptions, overrideLabelsOf, withOverrides } from './overrides.ts';
import { createClients, type SubgraphClients } from './supergraph-clients.ts';
import { parseSupergraph, subgraphsOf } from './supergraph-parts.ts';
import type { SupergraphSource } from './supergraph-source.ts';

/** Makes an executor ready for what is known to come; `previous` is the one that it stands in for, if there is one. */
export type Warming = (contract: string, next: Executor, previous: Executor | undefined) => Promise<void>;

/** The graph while the program runs: its supergraph may change, what it serves goes on. */
export interface Graph {
  /** The executor of a contract; throws where there is no such contract. */
  of(contract: string): LiveExecutor;
  /** Runs for the executors that are there, and for each later one before it gets its first request. */
  warmWith(warming: Warming): Promise<void>;
  /** Why the newest supergraph is not the one that runs; empty when it is. */
  warnings(): readonly string[];
  close(): Promise<void>;
}

export interface GraphOptions {
  readonly source: SupergraphSource;
  /** Builds all that a supergraph needs to run; throws when it does not hold. */
  readonly build: (supergraphSdl: string, clients: ReadonlyMap<string, SubgraphClient>) => Executor;
  readonly contracts?: readonly Contract[];
  readonly overrides?: OverrideOptions;
  /** The subgraphs that somebody serves. */
  readonly clients: ReadonlyMap<string, SubgraphClient>;
  /** Makes a client for a subgraph that only the supergraph knows the address of; undefined where there is none. */
  readonly connect?: (name: string, url: string) => SubgraphClient | undefined;
  readonly log: Log;
}

/** Opens the source and builds its first supergraph; rejects with everything that is wrong with it. */
export async function openGraph(options: GraphOptions): Promise<Graph> {
  const { source, log } = options;
  const clients = createClients(options);
  const warmings = new Set<Warming>();
  const ready = Promise.withResolvers<{ readonly live: ReadonlyMap<string, SwappableExecutor>; sdl: string }>();
  let problem: string | undefined;

  const refuse = (text: string) => {
    problem = text;
    log.error({ reason: text }, 'the new supergraph is refused; the one before runs on');
  };
  const take = async (supergraphSdl: string): Promise<void> => {
    const state = await ready.promise;
    if (supergraphSdl !== state.sdl) {
      const next = await build(supergraphSdl, options, clients);
      for (const [contract, { executor }] of next)
        for (const warming of warmings) await warm(() => warming(contract, executor, state.live.get(contract)?.current), log);
      for (const [contract, generation] of next) state.live.get(contract)?.swap(generation);
      state.sdl = supergraphSdl;
      log.info('the supergraph has changed');
    }
    problem = undefined;
  };
  const latest = createLatest((supergraphSdl: string) => take(supergraphSdl).catch((error: unknown) => refuse(describeFault(error))));
  const opened = await source.open({ changed: latest.offer, failed: refuse });
  const first = await build(opened.supergraphSdl, options, clients).catch(async (error: unknown) => {
    await opened.close();
    await clients.close();
    throw new SettingsError(describeFault(error), { cause: error });
  });
  const live = new Map([...first].map(([contract, generation]) => [contract, createLiveExecutor(generation)]));
  ready.resolve({ live, sdl: opened.supergraphSdl });
  return {
    of: (contract) => {
      const found = live.get(contract);
      if (!found) throw new Error(`there is no contract "${contract}"`);
      return found;
    },
    warmWith: async (warming) => {
      warmings.add(warming);
      for (const [contract, { current }] of live) await warm(() => warming(contract, current, undefined), log);
    },
    warnings: () => (problem ? [problem] : []),
    close: async () => {
      await opened.close();
      await latest.idle();
      await clients.close();
    },
  };
}

/** An executor per contract; contracts that hide the same share one. */
async function build(
  supergraphSdl: string,
  { build: make, contracts: wanted = contracts, overrides: overrideOptions, log }: GraphOptions,
  clients: SubgraphClients,
): Promise<ReadonlyMap<string, Generation>> {
  const supergraph = parseSupergraph(supergraphSdl);
  const leased = clients.lease(subgraphsOf(supergraph));
  const built = new Map<string, Executor>();
  const generations = new Map<string, Generation>();
  const withLabels = labeling(supergraph, overrideOptions, log);
  let left = wanted.length;
  try {
    for (const contract of wanted) {
      // Building holds the process for a moment; whoever waits goes first.
      await turn();
      const sdl = contractSdlOf(supergraphSdl, contract, supergraph);
      const executor = built.get(sdl) ?? namingContract(contract.name, () => withLabels(make(sdl, leased.clients)));
      built.set(sdl, executor);
      generations.set(
        contract.name,
        createGeneration(executor, () => {
          left -= 1;
          if (left === 0) leased.release();
        }),
      );
    }
    return generations;
  } catch (error) {
    leased.release();
    throw error;
  }
}

function labeling(supergraph: DocumentNode, options: OverrideOptions | undefined, log: Log): (executor: Executor) => Executor {
  const labels = overrideLabelsOf(supergraph);
  const unknown = [...(options?.active ?? [])].filter((label) => !labels.includes(label));
  if (unknown.length > 0)
    log.warn({ reason: unknown.join(', '), mend: 'correct OVERRIDE_LABELS, or compose the @override in' }, 'no field has these labels');
  if (labels.length === 0) return (executor) => executor;
  const overrides = createOverrides(labels, options);
  return (executor) => withOverrides(executor, overrides);
}

async function warm(work: () => Promise<void>, log: Log): Promise<void> {
  try {
    await work();
  } catch (error) {
    log.warn({ error }, 'an executor was not warmed; its first requests take longer');
  }
}

/** Does one thing at a time, and of what is offered meanwhile only the newest. */
function createLatest<Item>(work: (item: Item) => Promise<void>) {
  let waiting: { readonly item: Item } | undefined;
  let running: Promise<void> | undefined;
  const run = async () => {
    for (let next = waiting; next; next = waiting) {
      waiting = undefined;
      await work(next.item);
    }
    running = undefined;
  };
  return {
    offer: (item: Item): void => {
      waiting = { item };
      running ??= run();
    },
    idle: (): Promise<void> => running ?? Promise.resolve(),
  };
}

/** Apollo's errors keep what is really wrong in `causes`. */
function describeFault(error: unknown): string {
  const { causes = [] } = error as { causes?: readonly Error[] };
  const faults = causes.length > 0 ? causes : [error as Error];
  const text = ['the supergraph does not hold:', ...faults.map((fault) => `- ${faultLine(fault)}`)].join('\n');
  return text.includes('mend: ')
    ? text
    : `${text}\nmend: compose it anew from the subgraphs' SDL (npm run schema) and put the whole file in place`;
}

function faultLine(error: Error): string {
  const place = error instanceof GraphQLError ? error.locations?.[0] : undefined;
  return `${error.message.split('\n\n')[0]}${place ? ` (line ${place.line}, column ${place.column})` : ''}`;
}
