import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface ProcessOptions {
  /** The file to run, seen from bench/. */
  readonly entry: string;
  /** Reaches it as JSON. */
  readonly options?: object;
  /** The cores it may use, as `taskset` wants them; all when absent. */
  readonly cores?: string | undefined;
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether its packages are those of the repository. */
  readonly ours: boolean;
  readonly withinMs?: number;
}

export interface Started<Ready> {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly ready: Ready;
  /** Asks it something; rejects with what it threw, or when it has ended. */
  ask<Answer>(name: string, payload?: unknown): Promise<Answer>;
  /** What it wrote last, for a report of what went wrong. */
  output(): string;
  end(): Promise<void>;
}

type Message = { readonly ready: unknown } | { readonly id: number; readonly answer?: unknown; readonly failure?: string };
type Waiting = Pick<PromiseWithResolvers<unknown>, 'resolve' | 'reject'>;

const keptOutput = 4_000;
const farewellMs = 2_000;

/** Starts a process of the benchmark and waits until it is ready; rejects with its output when it ends before. */
export async function startProcess<Ready>(options: ProcessOptions): Promise<Started<Ready>> {
  const child = spawnPinned(options);
  const output = collectOutput(child);
  const ready = Promise.withResolvers<Ready>();
  const waiting = new Map<number, Waiting>();
  const timer = setTimeout(
    () => ready.reject(new Error(`${options.entry} was not ready in time\n${output()}`)),
    options.withinMs ?? 60_000,
  );
  child.on('message', (message: Message) => {
    if ('ready' in message) return ready.resolve(message.ready as Ready);
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.failure === undefined) asked?.resolve(message.answer);
    else asked?.reject(new Error(message.failure));
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => ready.reject(error));
    child.once('close', (code, signal) => {
      const error = new Error(`${options.entry} ended with ${code ?? signal}\n${output()}`);
      ready.reject(error);
      for (const { reject } of waiting.values()) reject(error);
      resolve();
    });
  });
  const end = () => endProcess(child, ended);
  try {
    return { pid: child.pid ?? 0, ready: await ready.promise, ask: askOf(child, waiting), output, end };
  } catch (error) {
    await end();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function spawnPinned({ entry, options = {}, cores, environment = {}, ours }: ProcessOptions): ChildProcess {
  const file = fileURLToPath(new URL(`../${entry}`, import.meta.url));
  const packages = ours ? ['--import', new URL('../own-packages.ts', import.meta.url).href] : [];
  const command = [process.execPath, ...packages, file, JSON.stringify(options)];
  const [program = '', ...rest] = cores === undefined ? command : ['taskset', '-c', cores, ...command];
  return spawn(program, rest, {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

function collectOutput({ stdout, stderr }: ChildProcess): () => string {
  let written = '';
  const collect = (chunk: Buffer) => {
    written = `${written}${chunk.toString()}`.slice(-keptOutput);
  };
  stdout?.on('data', collect);
  stderr?.on('data', collect);
  return () => written.trim();
}

function askOf(child: ChildProcess, waiting: Map<number, Waiting>) {
  let last = 0;
  return <Answer>(name: string, payload?: unknown): Promise<Answer> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (!child.connected) return Promise.reject(new Error('the process has ended'));
    last += 1;
    waiting.set(last, { resolve, reject });
    child.send({ id: last, name, payload });
    return promise as Promise<Answer>;
  };
}

async function endProcess(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), farewellMs);
  await ended;
  clearTimeout(timer);
}
