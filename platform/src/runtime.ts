import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { EventEngine, LiveTransport } from './bus.ts';
import { type Calls, createCalls } from './calls.ts';
import type { RuntimeSettings } from './config.ts';
import { type Database, openDatabase } from './database.ts';
import type { Log } from './log.ts';
import { migrateAll } from './migrate.ts';
import { createPolicies, noPolicies, type Policies } from './policies.ts';
import { migrationsOf, type RunningSubgraph, startSubgraph, type SubgraphClient, type SubgraphDefinition } from './subgraph.ts';
import type { WorkerRuntime } from './workers.ts';

/** What carries events, hints and background work; chosen by the composition root. */
export interface Engines {
  readonly engine: EventEngine;
  readonly live: LiveTransport;
  readonly workers: WorkerRuntime;
}

export interface RuntimeOptions extends Engines {
  readonly settings: RuntimeSettings;
  /** The database of every domain that has none of its own. */
  readonly databaseUrl: string;
  readonly log: Log;
  readonly now?: () => Date;
  /** Domains that run elsewhere. */
  readonly remotes?: readonly SubgraphClient[];
  /** False where the database is known to be migrated, as in tests. */
  readonly migrate?: boolean;
  /** How long a statement may take, unless the database's own default shall hold. */
  readonly statementTimeoutMs?: number;
}

/** The domains of this process, running. */
export interface Runtime {
  readonly subgraphs: ReadonlyMap<string, RunningSubgraph>;
  /** Every domain's client, here or elsewhere. */
  readonly clients: ReadonlyMap<string, SubgraphClient>;
  readonly calls: Calls;
  /** What administrators forbid, as far as it is known here. */
  readonly policies: Policies;
  /** What keeps this process from serving; empty when it is ready. */
  problems(): Promise<string[]>;
  /** Sends and handles all events and work that wait, until nothing is left. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** Migrates and starts domains in this process. A broken migration stops it before anything is served. */
export async function startRuntime(definitions: readonly SubgraphDefinition[], options: RuntimeOptions): Promise<Runtime> {
  const { settings, log, remotes = [] } = options;
  const urlOf = (domain: string) => settings.databaseUrls.get(domain) ?? options.databaseUrl;
  if (options.migrate !== false)
    await migrateAll(
      definitions.map((definition) => ({
        ownerUrl: urlOf(definition.name),
        domain: definition.name,
        migrationsFolder: fileURLToPath(migrationsOf(definition)),
        log,
      })),
    );

  const calls = createCalls();
  const hasAccounts = [...definitions, ...remotes].some(({ name }) => name === 'accounts');
  const policies = hasAccounts ? createPolicies({ call: calls.as('platform'), live: options.live, log }) : noPolicies;
  const databases = new Map<string, Database>();
  const subgraphs = new Map<string, RunningSubgraph>();
  for (const client of remotes) calls.connect(client);
  for (const definition of definitions) {
    const database = openDatabase({
      url: urlOf(definition.name),
      domain: definition.name,
      poolSize: 6,
      statementTimeoutMs: options.statementTimeoutMs,
      log,
    });
    databases.set(definition.name, database);
    const running = await startSubgraph(definition, {
      settings,
      database,
      engine: options.engine,
      live: options.live,
      workers: options.workers,
      calls,
      policies,
      log,
      now: options.now ?? (() => new Date()),
    });
    subgraphs.set(definition.name, running);
    calls.connect(running);
  }
  // Not before: what still waits in an outbox must find all its consumers.
  for (const { relay } of subgraphs.values()) relay.start();
  return {
    subgraphs,
    clients: new Map<string, SubgraphClient>([...remotes.map((client) => [client.name, client] as const), ...subgraphs]),
    calls,
    policies,
    problems: () => unreachable(databases),
    settle: () => settle([...subgraphs.values()], options.workers),
    stop: async () => {
      policies.close();
      await options.workers.stop();
      // Before any consumer ends, or what is under way would be handed to one that takes no more.
      await Promise.all([...subgraphs.values()].map(({ relay }) => relay.stop()));
      for (const running of subgraphs.values()) await running.close();
      for (const client of remotes) await client.close();
      await options.engine.close();
      await options.live.close();
      await Promise.all([...databases.values()].map((database) => database.close()));
    },
  };
}

const samplesToldWithinMs = 20_000;

/**
 * Fills empty domains with sample data, one after the other, in the order in which they build on each other, and tells
 * the others of it: whoever asks first finds the samples of all domains in keeping.
 */
export async function seedAll(definitions: readonly SubgraphDefinition[], runtime: Runtime): Promise<void> {
  for (const { name, seed } of definitions) {
    const running = runtime.subgraphs.get(name);
    if (!seed || !running) continue;
    await seed(running.systemContext(`seed-${name}`));
    // Where it cannot be told now, the relay says so and goes on by itself.
    await Promise.race([Promise.allSettled([running.relay.drain()]), sleep(samplesToldWithinMs, undefined, { ref: false })]);
  }
}

async function unreachable(databases: ReadonlyMap<string, Database>): Promise<string[]> {
  const outcomes = await Promise.all(
    [...databases].map(([name, database]) =>
      database.ping().then(
        () => undefined,
        () => `the database of ${name} does not answer`,
      ),
    ),
  );
  return outcomes.filter((problem) => problem !== undefined);
}

async function settle(subgraphs: readonly RunningSubgraph[], workers: WorkerRuntime): Promise<void> {
  for (;;) {
    const sent = await Promise.all(subgraphs.map(({ relay }) => relay.drain()));
    const ran = await workers.drain();
    if (ran === 0 && sent.every((count) => count === 0)) return;
  }
}
