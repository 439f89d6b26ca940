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
  /** Told at once, and then once a tenth of a second. */
  readonly burst: number;
}

export interface Buried {
  /** From the first event until the edge had closed the socket; undefined when it never did. */
  readonly cutMs: number | undefined;
  readonly memoryGrowth: number;
  readonly mostGrowth: number;
  /** Delays of the news that all others got meanwhile. */
  readonly delays: readonly number[];
  /** Others whose subscription did not survive, or who missed the news. */
  readonly harmed: number;
}

const patienceMs = 40_000;
const settleMs = 3_000;

/** Buries one stalled reader in events while everybody else gets news, and watches memory. */
export async function bury(edge: Edge, crowd: Crowd, token: string, { name, subscriptions, eventBytes, burst }: Burial): Promise<Buried> {
  const before = { sockets: await openSockets(edge), memory: residentBytes(edge.pid) ?? Number.NaN };
  const reader = await stallReader({ port: edge.ready.port, token, subscriptions });
  const text = 'x'.repeat(eventBytes);
  const pile = (count: number) => edge.ask('tell', { topic: 'piled', texts: Array.from({ length: count }, () => text) });
  try {
    if ((await listeners(edge, 'piled')) !== subscriptions) throw new Error('the stalled reader did not subscribe');
    const began = performance.now();
    await pile(burst);
    let most = 0;
    const news = announce(edge, crowd, `${name}: news meanwhile`);
    const waited = await until(async () => {
      await pile(1);
      most = Math.max(most, (residentBytes(edge.pid) ?? Number.NaN) - before.memory);
      return (await openSockets(edge)) <= before.sockets;
    }, patienceMs);
    const cutMs = waited === undefined ? undefined : performance.now() - began;
    const { delays } = await news;
    await sleep(settleMs);
    return {
      cutMs,
      memoryGrowth: (residentBytes(edge.pid) ?? Number.NaN) - before.memory,
      mostGrowth: most,
      delays,
      harmed: Math.max(crowd.size - delays.length, crowd.size - (await listeners(edge))),
    };
  } finally {
    reader.end();
  }
}
