import type { Profile, SelfTime } from './profiler.ts';

/** A part of the work, and what belongs to it. */
interface WorkPart {
  readonly what: string;
  readonly has: (self: SelfTime) => boolean;
}

/** One row of a profile. */
export interface PartTime {
  readonly what: string;
  readonly ms: number;
}

const inFile =
  (pattern: RegExp) =>
  ({ url }: SelfTime) =>
    pattern.test(url);
const named =
  (pattern: RegExp) =>
  ({ url, name }: SelfTime) =>
    url === '' && pattern.test(name);

const rest = 'everything else';

/** Each function belongs to the first part that has it. */
const workParts: readonly WorkPart[] = [
  { what: 'collecting garbage', has: named(/^\(garbage collector\)$/) },
  { what: 'drizzle: building statements, making objects of rows', has: inFile(/drizzle-orm/) },
  { what: 'driver of PostgreSQL', has: inFile(/node_modules\/postgres\/|platform\/src\/(database|tenants)\.ts/) },
  { what: 'domains: loaders, rules, pages', has: inFile(/\/subgraphs\/|dataloader|platform\/src\/(loader|page|cursor)/) },
  { what: 'engine: reading JSON of subgraphs', has: inFile(/platform\/src\/graphql-answer\.ts$/) },
  {
    what: 'engine: writing the answer',
    has: (self) => named(/^write\d+$/)(self) || inFile(/engine\/(json|write|generate-writer)\.ts$/)(self),
  },
  {
    what: 'engine: finding, representing and merging entities',
    has: inFile(/engine\/(fetch-entities|entity-fetch|take-entities|represent|merge|walk|tree)\.ts$/),
  },
  { what: 'engine: the rest of a run', has: inFile(/gateway\/src\/engine\//) },
  { what: 'edge: identity, limits, metrics, HTTP', has: inFile(/gateway\/src\/|prom-client/) },
  {
    what: 'subgraphs in the process',
    has: (self) =>
      inFile(/graphql-jit|node_modules\/graphql\/|@apollo\/subgraph|bench\/peers\/graph|platform\/src\/(access|operations|service)/)(
        self,
      ) || named(/Handler\d*$/)(self),
  },
  { what: 'asking over HTTP: identity, guards, deadlines', has: inFile(/platform\/src\/|cockatiel|jose/) },
  { what: 'asking over HTTP: undici', has: inFile(/undici|^wasm:|wasm-to-js/) },
  {
    what: 'sockets and streams of Node',
    has: (self) => inFile(/^node:/)(self) || named(/^(writev|writeBuffer|write\w*String|utf8\w*|readStart|init)$/)(self),
  },
  { what: 'turning between tasks', has: named(/^(runMicrotasks|\(program\))$/) },
];

/** Adds a profile up by the parts of the work, the largest first. */
export function partsOf({ functions }: Profile): PartTime[] {
  const times = new Map<string, number>();
  for (const self of functions) {
    const what = workParts.find(({ has }) => has(self))?.what ?? rest;
    times.set(what, (times.get(what) ?? 0) + self.ms);
  }
  return [...times].map(([what, ms]) => ({ what, ms })).toSorted((a, b) => b.ms - a.ms);
}
