import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readSettings } from '@supergraph/platform/config';
import { observeQueries } from '@supergraph/platform/database';
import { startEmbeddedDatabase } from '@supergraph/platform/embedded-database';
import { withInternalKey } from '@supergraph/platform/internal-key';
import { createLog } from '@supergraph/platform/log';
import { startApp } from '../../gateway/app.ts';
import { makeDataDirectory, startAppProcess } from '../../gateway/tests/support/app-process.ts';
import { loadFor, type Round, type Target } from './load.ts';
import { median, milliseconds, perSecond } from '../measure.ts';
import { atLeast, atMost, type Figure } from '../results/figures.ts';
import type { Findings, Scenario } from '../results/parts.ts';
import { askProducts, productQuery } from './query.ts';

const mostStatements = 8;
const pace = { rounds: 3, roundMs: 8_000, warmUpMs: 4_000 };
const quickPace: typeof pace = { rounds: 1, roundMs: 1_500, warmUpMs: 1_000 };

/** What the relay, the consumers and the workers ask by themselves; no text of a query over products has these words. */
const background = /outbox|inbox|deliver|graphile|dead_letters|pg_notify|\blisten\b|advisory/i;

/** The statements of one product query, once everything has been asked before and nothing else is going on. */
async function collectStatements(dataDirectory: string): Promise<string[]> {
  const settings = withInternalKey(readSettings({ PORT: '0', ADMIN_PORT: '0', DATA_DIR: dataDirectory, LOG_LEVEL: 'error' }));
  const app = await startApp(settings, createLog('error', 'bench'));
  try {
    await app.runtime.settle();
    const url = `http://127.0.0.1:${app.port}`;
    for (let asked = 0; asked < 3; asked++) await askProducts(url);
    const statements: string[] = [];
    const stop = observeQueries((statement) => statements.push(statement));
    await askProducts(url);
    stop();
    return statements.filter((statement) => !background.test(statement));
  } finally {
    await app.stop();
  }
}

const firstWords = (statement: string): string => statement.replaceAll(/\s+/g, ' ').trim().slice(0, 110);

interface ByHand {
  readonly url: string;
  readonly pid: number | undefined;
  end(): Promise<void>;
}

async function startByHand(databaseUrl: string): Promise<ByHand> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, 'by-hand.ts')], {
    env: { PATH: process.env['PATH'], DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const ready = Promise.withResolvers<string>();
  child.stdout?.once('data', (chunk: Buffer) => ready.resolve(chunk.toString().trim()));
  void ended.then(() => ready.reject(new Error('the hand-written server ended before it served')));
  return {
    url: await ready.promise,
    pid: child.pid,
    end: async () => {
      child.kill();
      await ended;
    },
  };
}

/** Both must say the same, or comparing their speed says nothing. */
async function requireSameAnswer(graphUrl: string, byHandUrl: string): Promise<void> {
  const graph = await askProducts(graphUrl);
  const { data } = (await (await fetch(byHandUrl)).json()) as { data: unknown };
  if (graph.products.nodes.length !== 20) throw new Error(`the graph lists ${graph.products.nodes.length} products`);
  if (isDeepStrictEqual(graph, data)) return;
  throw new Error(`the answers differ:\n${firstDifference(graph, data)}`);
}

function firstDifference(one: unknown, other: unknown): string {
  const [left, right] = [one, other].map((value) => JSON.stringify(value, null, 1).split('\n')) as [string[], string[]];
  const at = left.findIndex((line, index) => line !== right[index]);
  return [...left.slice(Math.max(0, at - 4), at + 2), '— by hand —', ...right.slice(Math.max(0, at - 4), at + 2)].join('\n');
}

interface Compared {
  readonly graph: readonly Round[];
  readonly byHand: readonly Round[];
}

async function compare(
  graph: Target,
  byHand: Target,
  { rounds, roundMs, warmUpMs }: typeof pace,
  tell: (line: string) => void,
): Promise<Compared> {
  await loadFor(graph, warmUpMs);
  await loadFor(byHand, warmUpMs);
  const done = { graph: [] as Round[], byHand: [] as Round[] };
  for (let round = 1; round <= rounds; round++) {
    for (const [name, target] of [
      ['graph', graph],
      ['byHand', byHand],
    ] as const) {
      const result = await loadFor(target, roundMs);
      done[name].push(result);
      tell(
        `round ${round}, ${name === 'graph' ? 'graph' : 'by hand'}: ${perSecond(result.perSecond)}, p50 ${milliseconds(result.p50)}, p99 ${milliseconds(result.p99)}`,
      );
    }
  }
  return done;
}

const middle = (results: readonly Round[], of: keyof Round): number => median(results.map((round) => round[of]));

function figuresOf({ graph, byHand }: Compared): Figure[] {
  const share = middle(graph, 'perSecond') / middle(byHand, 'perSecond');
  const latency = (results: readonly Round[]) => `${milliseconds(middle(results, 'p50'))} / ${milliseconds(middle(results, 'p99'))}`;
  const processor = (results: readonly Round[]) => milliseconds(middle(results, 'processorMs'));
  return [
    { what: 'graph, requests on 16 connections', value: perSecond(middle(graph, 'perSecond')) },
    { what: 'graph, p50 / p99', value: latency(graph) },
    { what: 'graph, processor time of the program for each request', value: processor(graph) },
    { what: 'by hand, requests on 16 connections', value: perSecond(middle(byHand, 'perSecond')) },
    { what: 'by hand, p50 / p99', value: latency(byHand) },
    { what: 'by hand, processor time of the program for each request', value: processor(byHand) },
    atLeast('graph in parts of by hand', share, 0.5, (value) => value.toFixed(2)),
  ];
}

async function race(dataDirectory: string, chosen: typeof pace, tell: (line: string) => void): Promise<Compared> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const app = await startAppProcess({ dataDirectory });
    undo.push(() => app.end());
    // Joins the server that the program has started, and leaves it last.
    const database = await startEmbeddedDatabase({ directory: join(dataDirectory, 'postgres') });
    undo.push(() => database.stop());
    const byHand = await startByHand(database.url);
    undo.unshift(() => byHand.end());
    await requireSameAnswer(app.url, byHand.url);
    tell('both give the same answer');
    // Equal queries that are under way are answered once; a variable that nobody asks for makes each one another.
    const bodyOf = (number: number) => JSON.stringify({ query: productQuery, variables: { number } });
    return await compare(
      { url: app.url, path: '/graphql', method: 'POST', bodyOf, pid: app.child.pid },
      { url: byHand.url, path: '/', method: 'GET', pid: byHand.pid },
      chosen,
      tell,
    );
  } finally {
    for (const step of undo) await step();
  }
}

async function run(tell: (line: string) => void, quick: boolean): Promise<Findings> {
  const dataDirectory = makeDataDirectory();
  const chosen = quick ? quickPace : pace;
  try {
    const statements = await collectStatements(dataDirectory);
    const compared = await race(dataDirectory, chosen, tell);
    return {
      figures: [atMost('SQL statements of one query', statements.length, mostStatements, String), ...figuresOf(compared)],
      notes: [
        ...(statements.length > mostStatements ? statements.map((statement) => `statement: ${firstWords(statement)}`) : []),
        `Medians of ${chosen.rounds} rounds of ${chosen.roundMs / 1_000} s each, taken in turn; both answers were the same. The load comes from the same machine.`,
        'Every query differs from all others, so none gets the answer of another one that is under way.',
        'By hand means: one node:http server, four hand-written statements as the owner of the database, no policies, no limits, no checking of the request.',
      ],
    };
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

/** One answer out of four domains, beside the same answer written by hand. */
export const products: Scenario = { title: 'Twenty products with variants, price, stock, rating and three reviews each', run };
