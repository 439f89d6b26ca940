import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { unauthenticated } from '@supergraph/platform/errors';
import { createLog } from '@supergraph/platform/log';
import { person, testSettings } from '@supergraph/platform/testing';
import { buildSchema } from 'graphql';
import type { Executor, ExecutorRequest, SubscriptionRequest } from '../../src/executor.ts';
import type { Identified, Identifier } from '../../src/identify.ts';
import type { LiveExecutor } from '../../src/live-executor.ts';
import { type RunningGateway, type ServerOptions, startServer } from '../../src/server.ts';
import type { Graph } from '../../src/supergraph.ts';
import { readFacts } from '../../src/supergraph-facts.ts';

/** What the executor was asked, newest last. */
export interface FakeExecutor extends Executor {
  readonly asked: (ExecutorRequest | SubscriptionRequest)[];
}

type Behavior = Partial<Pick<Executor, 'execute' | 'executeInParts' | 'subscribe' | 'warm'>>;

const directives = `
  directive @cost(weight: Int!) on FIELD_DEFINITION | OBJECT
  directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION
  directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
`;

/** An executor that answers what a test says and notes what it is asked: who is refused before it costs no planning. */
export function fakeExecutor(sdl: string, behavior: Behavior = {}): FakeExecutor {
  const text = `${directives}\n${sdl}`;
  const asked: FakeExecutor['asked'] = [];
  const execute = behavior.execute ?? (() => Promise.resolve({ data: '{"hello":"world"}' }));
  const subscribe = behavior.subscribe ?? (() => Promise.resolve({ errors: [{ message: 'no source' }] }));
  const executeInParts = behavior.executeInParts ?? execute;
  return {
    schema: buildSchema(text),
    facts: readFacts(text),
    asked,
    warm: behavior.warm ?? (() => undefined),
    execute: (request) => (asked.push(request), execute(request)),
    executeInParts: (request) => (asked.push(request), executeInParts(request)),
    subscribe: (request) => (asked.push(request), subscribe(request)),
  };
}

/** Believes `Bearer <user id>`, or `Bearer <user id>/<client id>`; `Bearer nobody` is refused. */
export interface FakeIdentifier extends Identifier {
  endSession(sessionId: string): void;
  /** Milliseconds since 1970 at which tokens end; null is never. */
  expiresAt: number | null;
}

function fakeIdentifier(): FakeIdentifier {
  const listeners = new Set<(sessionId: string) => void>();
  const base = { organization: null, service: null, traceparent: null };
  const identifier: FakeIdentifier = {
    expiresAt: null,
    endSession: (sessionId) => listeners.forEach((listener) => listener(sessionId)),
    identify: ({ authorization, ipAddress, userAgent }): Promise<Identified> => {
      const [userId = '', clientId = 'tests'] = authorization?.replace('Bearer ', '').split('/') ?? [];
      if (userId === 'nobody') return Promise.reject(unauthenticated('the access token does not hold; sign in again'));
      const viewer = userId ? person({ userId, clientId, sessionId: `session of ${userId}` }) : null;
      const identity = { ...base, requestId: randomUUID(), viewer, client: { ipAddress, userAgent } };
      const { expiresAt } = identifier;
      const standsOn = viewer?.sessionId ? [viewer.sessionId] : [];
      const identified: Identified = {
        identity,
        expiresAt,
        standsOn,
        stepUpRequired: false,
        explain: false,
        refresh: () => Promise.resolve(identified),
        onDoubt: () => () => undefined,
      };
      return Promise.resolve(identified);
    },
    keySet: () => Promise.resolve({ keys: [] }),
    onAccessEnded: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => undefined,
  };
  return identifier;
}

export interface FakeGraph extends RunningGateway {
  readonly url: string;
  readonly socketUrl: string;
  readonly executor: FakeExecutor;
  readonly identifier: FakeIdentifier;
  metrics(): Promise<string>;
}

type Options = Partial<Omit<ServerOptions, 'settings' | 'graph' | 'identifier' | 'log'>> & {
  readonly settings?: Partial<ServerOptions['settings']>;
};

/** The gateway's real server before a fake executor, on free ports. */
export async function startFakeGraph(executor: FakeExecutor, options: Options = {}): Promise<FakeGraph> {
  const settings = testSettings({ publicUrl: 'http://graph.test', corsOrigins: ['https://app.test'], ...options.settings });
  const identifier = fakeIdentifier();
  const log = createLog(settings.logLevel, 'gateway');
  const live: LiveExecutor = { current: executor, onSwap: () => () => undefined };
  const graph: Graph = { of: () => live, warmWith: () => Promise.resolve(), warnings: () => [], close: () => Promise.resolve() };
  const load = { loopDelayMs: 60_000, ...options.load };
  const running = await startServer({ ...options, load, settings, graph, identifier, log });
  return {
    ...running,
    executor,
    identifier,
    url: `http://127.0.0.1:${running.port}/graphql`,
    socketUrl: `ws://127.0.0.1:${running.port}/graphql`,
    metrics: async () => (await fetch(`http://127.0.0.1:${running.adminPort}/metrics`)).text(),
    stop: async () => {
      await running.stop();
      rmSync(settings.dataDirectory, { recursive: true, force: true });
    },
  };
}
