import { setTimeout as sleep } from 'node:timers/promises';
import { type Cores } from '../processes/cores.ts';
import { type Started, startProcess } from '../processes/start.ts';
import type { ClientsOptions, Receipts } from './clients.ts';
import type { EdgeAddress, EdgeOptions } from './edge.ts';
import type { Topic } from './news.ts';

export type Edge = Started<EdgeAddress>;

/** All subscribers, in as many processes as it takes. */
export interface Crowd {
  readonly size: number;
  connect(): Promise<void>;
  /** Delays of all who have the news, in milliseconds, and how many got it twice. */
  receipts(text: string): Promise<Receipts>;
  reached(text: string): Promise<number>;
  troubles(): Promise<Troubles>;
  end(): Promise<void>;
}

/** What did not go as it should: subscriptions that were refused and begun again, and errors. */
export interface Troubles {
  readonly refused: number;
  readonly problems: readonly string[];
  readonly count: number;
}

export const startEdge = (
  options: EdgeOptions,
  cores: Cores | undefined,
  environment: Readonly<Record<string, string>> = {},
): Promise<Edge> => startProcess<EdgeAddress>({ entry: 'subscriptions/edge.ts', options, ours: true, cores: cores?.measured, environment });

const perProcess = 5_000;
const perAddress = 1_000;

/** Ten addresses of the loopback network where it has them, so that no address runs out of ports. */
const addressesFor = (process: number, count: number): string[] =>
  globalThis.process.platform === 'linux'
    ? Array.from({ length: Math.ceil(count / perAddress) }, (_, index) => `127.0.0.${2 + process * 10 + index}`)
    : ['127.0.0.1'];

export async function startCrowd(
  size: number,
  options: Omit<ClientsOptions, 'count' | 'name' | 'addresses'>,
  cores: Cores | undefined,
): Promise<Crowd> {
  const sizes = Array.from({ length: Math.ceil(size / perProcess) }, (_, index) => Math.min(perProcess, size - index * perProcess));
  const processes: Started<undefined>[] = [];
  const end = async () => void (await Promise.all(processes.map((process) => process.end())));
  try {
    for (const [index, count] of sizes.entries()) {
      const own: ClientsOptions = { ...options, count, name: `crowd-${index}`, addresses: addressesFor(index, count) };
      processes.push(await startProcess<undefined>({ entry: 'subscriptions/clients.ts', options: own, ours: true, cores: cores?.others }));
    }
  } catch (error) {
    await end();
    throw error;
  }
  const askAll = <Answer>(name: string, payload?: unknown) => Promise.all(processes.map((process) => process.ask<Answer>(name, payload)));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    size,
    end,
    connect: async () => void (await askAll('connect')),
    receipts: async (text) => {
      const all = await askAll<Receipts>('receipts', text);
      return { delays: all.flatMap(({ delays }) => delays), doubled: sum(all.map(({ doubled }) => doubled)) };
    },
    reached: async (text) => sum(await askAll<number>('reached', text)),
    troubles: async () => {
      const all = await askAll<Troubles>('troubles');
      return {
        refused: sum(all.map(({ refused }) => refused)),
        problems: all.flatMap(({ problems }) => problems),
        count: sum(all.map(({ count }) => count)),
      };
    },
  };
}

const lookEveryMs = 100;

/** Waits until something is so; the milliseconds that it took, or undefined when it took too long. */
export async function until(holds: () => Promise<boolean>, withinMs: number): Promise<number | undefined> {
  const began = performance.now();
  while (performance.now() - began < withinMs) {
    if (await holds()) return performance.now() - began;
    await sleep(lookEveryMs);
  }
  return undefined;
}

export const listeners = (edge: Edge, topic: Topic = 'announced'): Promise<number> => edge.ask<number>('listeners', topic);

/** Tells everybody one piece of news and waits until all have it, or for half a minute. */
export async function announce(edge: Edge, crowd: Crowd, text: string): Promise<Receipts> {
  await edge.ask('tell', { topic: 'announced', texts: [text] });
  await until(async () => (await crowd.reached(text)) >= crowd.size, 30_000);
  // Time for what would come twice.
  await sleep(500);
  return crowd.receipts(text);
}

/** How many WebSockets the edge says it holds, from its own metrics. */
export async function openSockets({ ready: { adminPort } }: Edge): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  return Number(/^gateway_streams_open\{transport="websocket"\} (\d+)/m.exec(text)?.[1] ?? Number.NaN);
}
