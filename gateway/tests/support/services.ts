import { type ChildProcess, spawn } from 'node:child_process';
import { globSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { type AppProcess, makeDataDirectory, startAppProcess } from './app-process.ts';
import { eventually } from './eventually.ts';

/** A domain that runs as a process of its own. */
export interface ServiceProcess {
  readonly name: string;
  /** Where it answers GraphQL. */
  readonly url: string;
  /** Everything it has written so far. */
  output(): string;
  /** Ends it and waits; the exit code, or null when a signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** The whole graph with every domain in a process of its own. */
export interface Services {
  readonly gateway: AppProcess;
  readonly services: ReadonlyMap<string, ServiceProcess>;
  /** Starts a domain again that was ended. */
  restart(name: string): Promise<void>;
  end(): Promise<void>;
}

/** What these processes prove themselves to each other with. */
export const internalKey = 'a key that only these processes know';
const repository = resolve(import.meta.dirname, '../../..');

/** All domains, as their folders say. */
export const domainNames = (): string[] =>
  globSync('*/index.ts', { cwd: join(repository, 'subgraphs') })
    .map((path) => dirname(path))
    .toSorted();

/** Starts every domain, and the gateway before them; they share a database and a data directory. */
export async function startServices(): Promise<Services> {
  const dataDirectory = makeDataDirectory();
  const names = domainNames();
  const [gatewayPort = 0, ...ports] = await freePorts(names.length + 1);
  const environment: Record<string, string> = {
    // What is remembered would hide that a service is gone.
    CACHE_MB: '0',
    PUBLIC_URL: `http://127.0.0.1:${gatewayPort}`,
    INTERNAL_KEY: internalKey,
    SEED: 'none',
    ORGANIZATION_DELETION_SECONDS: '2',
    ...Object.fromEntries(names.map((name, at) => [`SUBGRAPH_${name.toUpperCase()}_URL`, `http://127.0.0.1:${ports[at]}/graphql`])),
  };
  const services = new Map<string, ServiceProcess>();
  const start = async (name: string) => {
    const port = ports[names.indexOf(name)] ?? 0;
    services.set(name, await startService(name, { ...environment, DATA_DIR: dataDirectory, PORT: String(port) }));
  };
  const endServices = async () => {
    await Promise.all([...services.values()].map((service) => service.end()));
  };
  try {
    // Two cores are soon busy with so many programs: the first one makes the database, then the others come.
    const [first = '', ...others] = names;
    await start(first);
    await Promise.all(others.map(start));
    const gateway = await startAppProcess({ environment: { ...environment, PORT: String(gatewayPort) }, dataDirectory });
    return {
      gateway,
      services,
      restart: start,
      end: async () => {
        await gateway.end();
        await endServices();
        rmSync(dataDirectory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await endServices();
    throw error;
  }
}

async function startService(name: string, environment: Record<string, string>): Promise<ServiceProcess> {
  const child: ChildProcess = spawn(process.execPath, ['subgraphs/serve.ts', name], {
    cwd: repository,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ADMIN_PORT: '0', LOG_LEVEL: 'info', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  const collect = (chunk: Buffer) => {
    written += chunk.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  const service: ServiceProcess = {
    name,
    url: `http://127.0.0.1:${environment['PORT']}/graphql`,
    output: () => written,
    end: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
  try {
    await eventually(
      () => `${name} to answer:\n${written}`,
      () => child.exitCode !== null || written.includes(`${name} answers on `),
      120_000,
    );
  } catch (error) {
    await service.end('SIGKILL');
    throw error;
  }
  if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode} before it served:\n${written}`);
  return service;
}

/** Below those that systems hand out by themselves (from 32768 on), or another program might get one before it is used. */
const lowestPort = 12_000;
const portsOfWorker = 2_000;
const mostWorkers = 10;
let nextPort = Math.floor(Math.random() * portsOfWorker);

/** Ports that nobody uses just now, none twice; test files beside this one look among others. */
export async function freePorts(count: number): Promise<number[]> {
  const worker = (Number(process.env['JEST_WORKER_ID'] ?? 1) - 1) % mostWorkers;
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries > portsOfWorker) throw new Error(`there are no ${count} free ports`);
    const port = lowestPort + worker * portsOfWorker + (nextPort++ % portsOfWorker);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((tell) => {
    probe.once('error', () => tell(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => tell(true)));
  });
}
