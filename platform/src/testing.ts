import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { v7 } from 'uuid';
import { readSettings, type RuntimeSettings } from './config.ts';
import type { ChosenOrganization, Identity, RequestContext, Viewer } from './context.ts';
import { type Envelope, type EventContract, toEnvelope } from './events.ts';
import { createInProcessEngine, createInProcessLive } from './in-process-bus.ts';
import { createLog } from './log.ts';
import { type Runtime, startRuntime } from './runtime.ts';
import { type RunningSubgraph, sdlOf, type SubgraphAnswer, type SubgraphClient, type SubgraphDefinition } from './subgraph.ts';
import { createTestDatabase } from './test-database.ts';
import { createWorkerRuntime } from './workers-runtime.ts';

/** How long tests let a request or a statement take: for a slow machine, not a promise of speed. */
export const patienceMs = 120_000;

/** A viewer for tests: a person with every scope of the subgraph under test, signed in just now with one factor. */
export const person = (overrides: Partial<Viewer> = {}): Viewer => ({
  userId: v7(),
  kind: 'PERSON',
  sessionId: v7(),
  clientId: 'first-party',
  scopes: ['*'],
  roles: ['USER'],
  acr: 'aal1',
  amr: ['pwd'],
  authTime: Math.floor(Date.now() / 1_000),
  actorId: null,
  locale: 'en',
  timeZone: 'UTC',
  ...overrides,
});

/** A chosen organization for tests, with these permissions. */
export const organizationWith = (permissions: readonly string[], overrides: Partial<ChosenOrganization> = {}): ChosenOrganization => ({
  id: v7(),
  membershipId: v7(),
  role: 'ADMIN',
  permissions,
  ...overrides,
});

export interface RunOptions {
  /** Becomes the variable `$input`. */
  readonly input?: unknown;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Who asks: the default person unless given; null is a guest. */
  readonly as?: Viewer | null;
  readonly in?: ChosenOrganization | null;
  /** Asks as another domain, which alone may use internal operations. */
  readonly service?: string;
  /** The W3C trace context that the request comes with. */
  readonly traceparent?: string;
}

/** What an operation answered; `codes` and `reasons` are those of its errors. */
export interface RunResult {
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
  readonly data: any;
  readonly errors: SubgraphAnswer['errors'];
  readonly codes: readonly unknown[];
  readonly reasons: readonly unknown[];
}

export interface TestSubgraphOptions {
  /** Answers of other domains' internal operations, by domain: `{ inventory: (document, variables) => data }`. */
  readonly answers?: Readonly<Record<string, (document: string, variables: Readonly<Record<string, unknown>>) => unknown>>;
  readonly settings?: Partial<RuntimeSettings>;
}

export interface TestSubgraph {
  /** The person that asks unless a test says otherwise. */
  readonly viewer: Viewer;
  run(document: string, options?: RunOptions): Promise<RunResult>;
  /** Begins a subscription once everything written before has been told; rejects when it cannot begin. Events are read with `next`. */
  subscribe(document: string, options?: RunOptions): Promise<AsyncGenerator<SubgraphAnswer, void>>;
  /** Delivers an event of this or another domain and waits until it is handled. */
  deliver<Payload>(
    contract: EventContract<Payload>,
    payload: Payload,
    options?: { organizationId?: string | null; eventId?: string; actorId?: string | null },
  ): Promise<Envelope<Payload>>;
  /** Sends what waits in the outbox and runs the work that is due. */
  settle(): Promise<void>;
  /** Every event sent so far, after settling; with a contract, the payloads of that one. */
  emitted(): Promise<readonly Envelope[]>;
  emitted<Payload>(contract: EventContract<Payload>): Promise<readonly Payload[]>;
  /** Moves the clock that `ctx.now()` shows. */
  advance(ms: number): void;
  /** Stops that clock, so that no rule about time depends on how fast the test runs; `advance` still moves it. */
  stopClock(): void;
  /** A context of the domain itself, for calling rules and stores directly. */
  context(): Promise<RequestContext<never>>;
  /** The owner's connection, which sees behind the row-level security. */
  owner(): Promise<Sql>;
  readonly settings: RuntimeSettings;
  close(): Promise<void>;
}

/** Settings for tests: quiet, no seeds, a data directory of their own. */
export function testSettings(overrides: Partial<RuntimeSettings> = {}): RuntimeSettings {
  const dataDirectory = overrides.dataDirectory ?? mkdtempSync(join(tmpdir(), 'supergraph-test-'));
  return {
    ...readSettings({
      NODE_ENV: 'test',
      SEED: 'none',
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
      DATA_DIR: dataDirectory,
      PORT: '0',
      ADMIN_PORT: '0',
      // Who tests a rule wants to see it at work each time.
      CACHE_MB: '0',
      // The least that may be set: what a hash is worth to its owner costs tests nothing but time.
      PASSWORD_HASH_MIB: '19',
    }),
    internalKey: 'k'.repeat(64),
    ...overrides,
  };
}

/** Runs one domain on a fresh copy of the migrated database; other domains answer as `answers` says. */
export function testSubgraph(definition: SubgraphDefinition, options: TestSubgraphOptions = {}): TestSubgraph {
  const viewer = person();
  const settings = testSettings(options.settings);
  const scopes = scopesOf(sdlOf(definition));
  const envelopes: Envelope[] = [];
  let moved = 0;
  let stoppedAt: number | undefined;
  const now = () => new Date((stoppedAt ?? Date.now()) + moved);
  let started: Promise<Started> | undefined;
  const start = () => (started ??= startTest(definition, options, settings, now, envelopes));

  const identityOf = ({ as = viewer, in: organization = null, service, traceparent }: RunOptions): Identity => ({
    requestId: randomUUID(),
    viewer: as && as.scopes.includes('*') ? { ...as, scopes: [...scopes, ...as.scopes] } : as,
    organization,
    service: service ?? null,
    client: { ipAddress: '192.0.2.1', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' },
    traceparent: traceparent ?? null,
  });
  const requestOf = (query: string, run: RunOptions, signal: AbortSignal) => ({
    query,
    variables: { ...run.variables, ...(run.input === undefined ? {} : { input: run.input }) },
    identity: identityOf(run),
    deadline: Date.now() + patienceMs,
    signal,
  });
  const settle = async () => (await start()).runtime.settle();

  return {
    viewer,
    settings,
    settle,
    advance: (ms) => {
      moved += ms;
    },
    stopClock: () => {
      stoppedAt ??= Date.now();
    },
    run: async (document, run = {}) => {
      const { running } = await start();
      return toResult(await running.execute(requestOf(document, run, new AbortController().signal)));
    },
    subscribe: async (document, run = {}) => {
      const { running, ended } = await start();
      // Else late news of what the test did before would look like the event that it waits for.
      await running.relay.drain();
      const answer = await running.subscribe(requestOf(document, run, ended.signal));
      if (!(Symbol.asyncIterator in answer)) throw new Error(`the subscription did not begin: ${JSON.stringify(answer.errors)}`);
      return answer;
    },
    deliver: async (contract, payload, extra = {}) => {
      const { engine } = await start();
      const made = toEnvelope(
        { viewer: extra.actorId ? { userId: extra.actorId } : null, organization: null, traceparent: null, now },
        contract,
        payload,
        extra.organizationId ?? null,
      );
      const envelope = extra.eventId ? { ...made, eventId: extra.eventId } : made;
      await engine.publish(envelope);
      return envelope;
    },
    emitted: (async (contract?: EventContract<unknown>) => {
      await settle();
      if (!contract) return envelopes;
      return envelopes.filter(({ name }) => name === contract.name).map(({ payload }) => payload);
    }) as TestSubgraph['emitted'],
    context: async () => (await start()).running.systemContext() as RequestContext<never>,
    owner: async () => (await start()).owner,
    close: async () => {
      if (started) await stopTest(await started);
      if (!options.settings?.dataDirectory) rmSync(settings.dataDirectory, { recursive: true, force: true });
    },
  };
}

interface Started {
  readonly runtime: Runtime;
  readonly running: RunningSubgraph;
  readonly engine: ReturnType<typeof createInProcessEngine>;
  readonly ended: AbortController;
  readonly owner: Sql;
  readonly drop: () => Promise<void>;
}

async function startTest(
  definition: SubgraphDefinition,
  options: TestSubgraphOptions,
  settings: RuntimeSettings,
  now: () => Date,
  envelopes: Envelope[],
): Promise<Started> {
  const database = await createTestDatabase();
  const log = createLog(settings.logLevel, 'test');
  const delivery = createInProcessEngine({ retryDelaysMs: [5, 10] });
  const engine = {
    ...delivery,
    publish: async (envelope: Envelope) => {
      await delivery.publish(envelope);
      envelopes.push(envelope);
    },
  };
  const workers = await createWorkerRuntime({ url: database.ownerUrl, log, now, poll: false });
  const remotes = Object.entries(options.answers ?? {}).map(([name, answer]) => fakeDomain(name, answer));
  const runtime = await startRuntime([definition], {
    settings,
    databaseUrl: database.url,
    log,
    engine,
    live: createInProcessLive(),
    workers,
    now,
    remotes,
    migrate: false,
    statementTimeoutMs: patienceMs,
  });
  const owner = postgres(database.ownerUrl, { max: 1, onnotice: () => undefined });
  const running = runtime.subgraphs.get(definition.name);
  if (!running) throw new Error(`${definition.name} did not start`);
  return {
    runtime,
    running,
    engine: delivery,
    ended: new AbortController(),
    owner,
    drop: async () => {
      await owner.end({ timeout: 2 });
      await database.drop();
    },
  };
}

async function stopTest({ runtime, ended, drop }: Started): Promise<void> {
  ended.abort();
  await runtime.stop();
  await drop();
}

function fakeDomain(name: string, answer: (document: string, variables: Readonly<Record<string, unknown>>) => unknown): SubgraphClient {
  return {
    name,
    execute: async ({ query, variables }) => {
      // The platform itself asks this of accounts; in tests of one domain nothing is forbidden.
      if (query.includes('activePolicies')) return { data: { activePolicies: [] } };
      try {
        return { data: (await answer(query, variables ?? {})) as Record<string, unknown> };
      } catch (error) {
        const { message, extensions } = error as Error & { extensions?: Record<string, unknown> };
        return { data: null, errors: [{ message, ...(extensions ? { extensions } : {}) }] };
      }
    },
    subscribe: () => Promise.resolve({ errors: [{ message: 'a fake domain has no subscriptions' }] }),
    close: () => Promise.resolve(),
  };
}

const toResult = ({ data, errors }: SubgraphAnswer): RunResult => ({
  data:
    data && (JSON.parse(JSON.stringify(data, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))) as unknown),
  errors,
  codes: (errors ?? []).map(({ extensions }) => extensions?.['code']),
  reasons: (errors ?? []).map(({ extensions }) => extensions?.['reason']),
});

/** Every scope that an SDL asks for. */
export const scopesOf = (sdl: string): string[] =>
  [...new Set([...sdl.matchAll(/"([a-z]+:[a-z]+)"/g)].map(([, scope]) => scope as string))].filter(
    (scope) => !scope.startsWith('org:') && !scope.startsWith('platform:'),
  );
