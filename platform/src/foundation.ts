import { join } from 'node:path';
import type { EventEngine, LiveTransport } from './bus.ts';
import type { RuntimeSettings } from './config.ts';
import { createInProcessEngine, createInProcessLive } from './in-process-bus.ts';
import type { Log } from './log.ts';
import type { Engines } from './runtime.ts';
import type { WorkerRuntime } from './workers.ts';
import { createWorkerRuntime } from './workers-runtime.ts';

/** What a process stands on before its domains start. */
export interface Foundation extends Engines {
  /** The database of every domain that has none of its own. */
  readonly databaseUrl: string;
  /** Leaves the embedded database; to be called after the runtime has stopped. */
  leave(): Promise<void>;
}

/**
 * Opens the database (the embedded one without DATABASE_URL) and chooses what carries events: RabbitMQ with AMQP_URL,
 * this process alone when all domains are in it, else PostgreSQL; hints go by Redis with REDIS_URL.
 */
export async function openFoundation(
  settings: RuntimeSettings,
  options: { readonly alone: boolean; readonly log: Log },
): Promise<Foundation> {
  const { log } = options;
  const server = await openServer(settings, log);
  const databaseUrl = server.url;
  const leave = () => server.stop();
  try {
    const [engine, live, workers] = await Promise.all([
      chooseEngine(settings, databaseUrl, options),
      chooseLive(settings, databaseUrl, options),
      createWorkersOf(settings, databaseUrl, log),
    ]);
    return { databaseUrl, engine, live, workers, leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

async function openServer(settings: RuntimeSettings, log: Log): Promise<{ url: string; stop(): Promise<void> }> {
  if (settings.databaseUrl) return { url: settings.databaseUrl, stop: () => Promise.resolve() };
  const { startEmbeddedDatabase } = await import('./embedded-database.ts');
  return startEmbeddedDatabase({ directory: join(settings.dataDirectory, 'postgres'), log });
}

async function chooseEngine(
  { amqpUrl }: RuntimeSettings,
  databaseUrl: string,
  { alone, log }: { alone: boolean; log: Log },
): Promise<EventEngine> {
  if (amqpUrl) return (await import('./rabbit-bus.ts')).createRabbitEngine({ url: amqpUrl, log });
  if (alone) return createInProcessEngine();
  return (await import('./postgres-bus.ts')).createPostgresEngine({ url: databaseUrl, log });
}

async function chooseLive(
  { redisUrl }: RuntimeSettings,
  databaseUrl: string,
  { alone, log }: { alone: boolean; log: Log },
): Promise<LiveTransport> {
  if (redisUrl) return (await import('./redis-live.ts')).createRedisLive({ url: redisUrl, log });
  if (alone) return createInProcessLive();
  return (await import('./postgres-bus.ts')).createPostgresLive({ url: databaseUrl, log });
}

/** Work is kept where its domain's rows are, so that it can be added in their transactions: one runtime per database. */
async function createWorkersOf(settings: RuntimeSettings, databaseUrl: string, log: Log): Promise<WorkerRuntime> {
  const urls = [...new Set([databaseUrl, ...settings.databaseUrls.values()])];
  const runtimes = new Map(await Promise.all(urls.map(async (url) => [url, await createWorkerRuntime({ url, log })] as const)));
  const of = (domain: string): WorkerRuntime => {
    const runtime = runtimes.get(settings.databaseUrls.get(domain) ?? databaseUrl);
    if (!runtime) throw new Error(`no background work was opened for ${domain}`);
    return runtime;
  };
  return {
    queueOf: (domain) => of(domain).queueOf(domain),
    register: (domain, workers, contextFor) => of(domain).register(domain, workers, contextFor),
    drain: async () => {
      let ran = 0;
      for (const runtime of runtimes.values()) ran += await runtime.drain();
      return ran;
    },
    stop: async () => {
      await Promise.all([...runtimes.values()].map((runtime) => runtime.stop()));
    },
  };
}
