import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { megabytes, milliseconds, percentile, residentBytes, restingBytes, seconds } from '../measure.ts';
import { type Cores, divideCores } from '../processes/cores.ts';
import { atMost, type Figure, times } from '../results/figures.ts';
import type { Findings, Scenario } from '../results/parts.ts';
import { type Burial, type Buried, bury } from './bury.ts';
import type { EdgeOptions } from './edge.ts';
import { announce, type Crowd, type Edge, listeners, startCrowd, startEdge, until } from './crowd.ts';
import { createKey, type SigningKey, signTokens } from './tokens.ts';

const smallHeap = '--max-semi-space-size=16';
const publicUrl = 'http://graph.test';
/** The edge looks twice a second, and a reader is behind only when the system's own buffers are full: hence more than 15 s. */
const goals = { bytes: 450 * 1_048_576, reachMs: 3_000, returnMs: 60_000, cutMs: 16_500, growth: 1.1 };

const burials: readonly Burial[] = [
  { name: 'stalled with fifty subscriptions, ten events a second', subscriptions: 50, eventBytes: 32_768, burst: 1 },
  { name: 'stalled with one subscription, 15 s behind', subscriptions: 1, eventBytes: 16_384, burst: 600 },
  { name: 'stalled with fifty subscriptions, a burst of 200 events', subscriptions: 50, eventBytes: 32_768, burst: 200 },
];

type Tell = (line: string) => void;

interface Stage {
  readonly key: SigningKey;
  readonly crowd: Crowd;
  readonly tell: Tell;
}

async function run(tell: Tell, quick: boolean): Promise<Findings> {
  const [size, rounds] = quick ? [500, 2] : [10_000, 10];
  requireFiles(size + 500);
  const cores = divideCores();
  const key = await createKey();
  const small = await weighSmallHeap(size, { publicUrl, key }, cores);
  tell(`with a small heap and ${size.toLocaleString('en')} idle subscribers: ${megabytes(small)}`);
  const first = await startEdge({ port: 0, publicUrl, key }, cores);
  let edge: Edge = first;
  let crowd: Crowd | undefined;
  try {
    crowd = await startCrowd(size, { port: first.ready.port, publicUrl, key }, cores);
    const stage: Stage = { key, crowd, tell };
    const arrived = await arrive(first, stage);
    const reached = await reachAll(first, stage, rounds);
    const buried = await buryAll(first, stage);
    const returned = await comeBack(first, stage, cores, (next) => {
      edge = next;
    });
    const { refused, problems, count } = await crowd.troubles();
    return {
      figures: [...arrived, atMost(`the same with a small heap`, small, goals.bytes, megabytes), ...reached, ...buried, ...returned],
      notes: [
        `${size.toLocaleString('en')} subscribers over graphql-ws, each with a socket and a token of its own, in ${Math.ceil(size / 5_000)} other processes and from several addresses; the edge is the gateway as users get it before one small embedded subgraph, on ${cores ? `core ${cores.measured}, the clients on core ${cores.others}` : 'any core'}.`,
        `A small heap: NODE_OPTIONS="${smallHeap}", for an edge that holds many sockets and has little else to do; it leaves less room for young objects, which costs processor time under load.`,
        'Memory is that of the process that holds the sockets; idle means that it has not fallen any more for ten seconds. An event’s time begins when it is told and ends when the client has parsed it.',
        'Coming back: the edge is killed and started again on its port; the time begins with the kill, and the pauses between tries are those of graphql-ws.',
        `Subscriptions refused because of load and begun again: ${refused.toLocaleString('en')}; errors at clients: ${count.toLocaleString('en')}.`,
        ...problems.map((problem) => `problem: ${problem.slice(0, 300)}`),
      ],
    };
  } finally {
    await crowd?.end();
    await edge.end();
  }
}

/** Node raises its limit of open files to the hard one by itself; that one must be high enough. */
function requireFiles(needed: number): void {
  if (process.platform !== 'linux') return;
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  if (hard !== undefined && Number(hard) < needed)
    throw new Error(
      `a process may open ${hard} files here, and this needs ${needed}; mend: ulimit -Hn ${needed} as root, or a higher nofile limit for the user`,
    );
}

/** The memory of another edge, with as many idle subscribers, that leaves less room for young objects. */
async function weighSmallHeap(size: number, options: Omit<EdgeOptions, 'port'>, cores: Cores | undefined): Promise<number | undefined> {
  const edge = await startEdge({ ...options, port: 0 }, cores, { NODE_OPTIONS: smallHeap });
  try {
    const crowd = await startCrowd(size, { ...options, port: edge.ready.port }, cores);
    try {
      await crowd.connect();
      await requireListeners(edge, size);
      return await restingBytes(edge.pid);
    } finally {
      await crowd.end();
    }
  } finally {
    await edge.end();
  }
}

async function requireListeners(edge: Edge, size: number): Promise<void> {
  const waited = await until(async () => (await listeners(edge)) >= size, 60_000);
  if (waited === undefined) throw new Error(`only ${await listeners(edge)} of ${size} listen\n${edge.output()}`);
}

async function arrive(edge: Edge, { crowd, tell }: Stage): Promise<Figure[]> {
  const empty = residentBytes(edge.pid);
  tell(`the edge serves, ${megabytes(empty)}; ${crowd.size.toLocaleString('en')} subscribers connect …`);
  const began = performance.now();
  await crowd.connect();
  await requireListeners(edge, crowd.size);
  const tookMs = performance.now() - began;
  const full = await restingBytes(edge.pid);
  tell(`all listen after ${seconds(tookMs)}, ${megabytes(full)}`);
  return [
    { what: 'resident memory before the first subscriber', value: megabytes(empty) },
    atMost(`resident memory with ${crowd.size.toLocaleString('en')} idle subscribers`, full, goals.bytes, megabytes),
    {
      what: 'for each subscriber',
      value: empty === undefined || full === undefined ? 'unknown here' : `${((full - empty) / 1_024 / crowd.size).toFixed(1)} kB`,
    },
    { what: 'until all listened, connecting 100 at once from each process', value: seconds(tookMs) },
  ];
}

async function reachAll(edge: Edge, { crowd, tell }: Stage, rounds: number): Promise<Figure[]> {
  const delays: number[] = [];
  const last: number[] = [];
  let doubled = 0;
  for (let round = 1; round <= rounds; round++) {
    const receipts = await announce(edge, crowd, `news ${round}`);
    const slowest = receipts.delays.reduce((most, delay) => Math.max(most, delay), 0);
    delays.push(...receipts.delays);
    last.push(slowest);
    doubled += receipts.doubled;
    tell(`news ${round}: ${receipts.delays.length.toLocaleString('en')} receipts, the last after ${milliseconds(slowest)}`);
    await sleep(1_000);
  }
  const lost = crowd.size * rounds - delays.length;
  return [
    { what: 'one event, from telling to receipt, p50', value: milliseconds(percentile(delays, 0.5)) },
    atMost('one event, from telling to receipt, p99', percentile(delays, 0.99), goals.reachMs, milliseconds),
    { what: 'until the last one has it, median', value: milliseconds(percentile(last, 0.5)) },
    {
      what: `lost / doubled of ${(crowd.size * rounds).toLocaleString('en')}`,
      value: `${lost} / ${doubled}`,
      goal: '0 / 0',
      holds: lost + doubled === 0,
    },
    { what: 'resident memory afterwards', value: megabytes(residentBytes(edge.pid)) },
  ];
}

async function buryAll(edge: Edge, { crowd, key, tell }: Stage): Promise<Figure[]> {
  const [token = ''] = await signTokens(key, publicUrl, ['stalled']);
  const figures: Figure[] = [];
  for (const burial of burials) {
    const found = await bury(edge, crowd, token, burial);
    tell(`${burial.name}: cut off after ${found.cutMs === undefined ? 'never' : seconds(found.cutMs)}`);
    figures.push(...burialFigures(burial.name, found));
  }
  return figures;
}

const burialFigures = (name: string, { cutMs, memoryGrowth, delays, harmed }: Buried): Figure[] => [
  cutMs === undefined
    ? { what: `${name}: cut off after`, value: 'never', goal: `<= ${seconds(goals.cutMs)}`, holds: false }
    : atMost(`${name}: cut off after`, cutMs, goals.cutMs, seconds),
  { what: `${name}: others harmed`, value: String(harmed), goal: '0', holds: harmed === 0 },
  atMost(`${name}: news for the others meanwhile, p99`, percentile(delays, 0.99), goals.reachMs, milliseconds),
  atMost(`${name}: the most memory, beside that of news alone`, memoryGrowth, goals.growth, times),
];

async function comeBack(
  edge: Edge,
  { crowd, key, tell }: Stage,
  cores: Cores | undefined,
  replace: (edge: Edge) => void,
): Promise<Figure[]> {
  const began = performance.now();
  process.kill(edge.pid, 'SIGKILL');
  await edge.end();
  const next = await startEdge({ port: edge.ready.port, publicUrl, key }, cores);
  replace(next);
  const serving = performance.now() - began;
  tell(`killed; it serves again after ${seconds(serving)}`);
  await until(async () => (await listeners(next)) >= crowd.size, goals.returnMs * 2);
  const returned = (await listeners(next)) >= crowd.size ? performance.now() - began : undefined;
  const receipts = await announce(next, crowd, 'news after the kill');
  tell(returned === undefined ? `only ${await listeners(next)} came back` : `all came back after ${seconds(returned)}`);
  return [
    { what: 'the edge is killed: it serves again after', value: seconds(serving) },
    returned === undefined
      ? {
          what: 'the edge is killed: all listen again after',
          value: `${await listeners(next)} of ${crowd.size}`,
          goal: `<= ${seconds(goals.returnMs)}`,
          holds: false,
        }
      : atMost('the edge is killed: all listen again after', returned, goals.returnMs, seconds),
    {
      what: 'the next event reaches',
      value: String(receipts.delays.length),
      goal: String(crowd.size),
      holds: receipts.delays.length === crowd.size,
    },
    { what: 'resident memory after they came back', value: megabytes(residentBytes(next.pid)) },
  ];
}

/** How many may listen, what they cost, and whether one of them can harm the others. */
export const subscriptions: Scenario = { title: 'Ten thousand subscribers', run };
