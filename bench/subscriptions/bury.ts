import { setTimeout as sleep } from 'node:timers/promises';
import { residentBytes } from '../measure.ts';
import { announce, type Crowd, type Edge, listeners, openSockets, until } from './crowd.ts';
import { stallReader } from './stalled.ts';

/** How somebody who stopped reading is buried. */
export interface Burial {
  readonly name: string;
  /** Subscriptions on the one socket; the protocol's own pace holds each at one unsent event. */
  readonly subscriptions: number;
  readonly eventBytes: number;
  /** Told at once; afterwards one every tenth of a second. */
  readonly burst: number;
}

export interface Buried {
  /** From the first event until the edge had closed the socket; undefined when it never did. */
  readonly cutMs: number | undefined;
  /** The most resident memory, meanwhile and shortly afterwards, in parts of the most that the same news took before. */
  readonly memoryGrowth: number;
  /** Delays of the news that all others got meanwhile. */
  readonly delays: readonly number[];
  /** Others whose subscription did not survive, or who missed the news. */
  readonly harmed: number;
}

const patienceMs = 40_000;
const settleMs = 3_000;

/** The most resident memory while everybody gets news and nobody is stalled: what ten thousand receipts leave to be collected. */
async function newsAlone(edge: Edge, crowd: Crowd, name: string): Promise<number> {
  const memory: number[] = [];
  const weigh = () => void memory.push(residentBytes(edge.pid) ?? Number.NaN);
  const timer = setInterval(weigh, 50);
  try {
    await announce(edge, crowd, `${name}: news before`);
    await sleep(settleMs);
    weigh();
    return Math.max(...memory);
  } finally {
    clearInterval(timer);
  }
}

/** Buries one stalled reader in events while everybody else gets news, and watches memory. */
export async function bury(edge: Edge, crowd: Crowd, token: string, { name, subscriptions, eventBytes, burst }: Burial): Promise<Buried> {
  const before = await newsAlone(edge, crowd, name);
  const socketsBefore = await openSockets(edge);
  const memory = [before];
  const weigh = () => void memory.push(residentBytes(edge.pid) ?? Number.NaN);
  const reader = await stallReader({ port: edge.ready.port, token, subscriptions });
  const text = 'x'.repeat(eventBytes);
  const pile = (count: number) => edge.ask('tell', { topic: 'piled', texts: Array.from({ length: count }, () => text) });
  try {
    const subscribed = await until(async () => (await listeners(edge, 'piled')) === subscriptions, settleMs);
    if (subscribed === undefined) throw new Error('the stalled reader did not subscribe');
    const began = performance.now();
    await pile(burst);
    const news = announce(edge, crowd, `${name}: news meanwhile`);
    const waited = await until(async () => {
      await pile(1);
      weigh();
      return (await openSockets(edge)) <= socketsBefore;
    }, patienceMs);
    const cutMs = waited === undefined ? undefined : performance.now() - began;
    const { delays } = await news;
    await sleep(settleMs);
    weigh();
    return {
      cutMs,
      memoryGrowth: Math.max(...memory) / before,
      delays,
      harmed: Math.max(crowd.size - delays.length, crowd.size - (await listeners(edge))),
    };
  } finally {
    reader.end();
  }
}
