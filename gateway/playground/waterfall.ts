import type { Explained, ToldEntities, ToldFetch, ToldFetchTiming, ToldNode } from '../src/explained.ts';

/** One line of the drawing: a fetch, or a word about those below it. */
export type Line =
  | { readonly kind: 'group'; readonly depth: number; readonly text: string }
  | { readonly kind: 'own'; readonly depth: number; readonly text: string; readonly bars: readonly Bar[] }
  | {
      readonly kind: 'fetch';
      readonly depth: number;
      readonly fetch: ToldFetch;
      readonly timings: readonly ToldFetchTiming[];
      readonly bars: readonly Bar[];
    };

/** A stretch of time, as parts of a hundred of the whole. */
export interface Bar {
  readonly left: number;
  readonly width: number;
}

/** The narrowest bar that can be seen. */
const leastWidth = 0.6;

/** Draws how an operation was done: planning, each fetch in the plan's order, and writing. */
export function drawWaterfall({ plan, timings }: Explained): readonly Line[] {
  const { totalMs, planningMs, planKnown, writingMs, fetches } = timings;
  const barOf = (startedAtMs: number, tookMs: number): Bar => {
    const whole = Math.max(totalMs, 0.01);
    const width = Math.max(leastWidth, Math.min(100, (tookMs / whole) * 100));
    return { left: Math.min(100 - width, (startedAtMs / whole) * 100), width };
  };
  const fetchLine = (fetch: ToldFetch, depth: number): Line => {
    const own = fetches.filter((timing) => timing.fetch === fetch.fetch);
    const lasting = own.filter(({ outcome }) => outcome !== 'known');
    return { kind: 'fetch', depth, fetch, timings: own, bars: lasting.map(({ startedAtMs, tookMs }) => barOf(startedAtMs, tookMs)) };
  };
  const below = (text: string, nodes: readonly (ToldNode | undefined)[], depth: number): Line[] => [
    { kind: 'group', depth, text },
    ...nodes.flatMap((node) => (node ? linesOf(node, depth + 1) : [])),
  ];
  const linesOf = (node: ToldNode, depth: number): Line[] => {
    switch (node.kind) {
      case 'Fetch':
        return [fetchLine(node, depth)];
      case 'Sequence':
        return below('one after the other', node.nodes, depth);
      case 'Parallel':
        return below('side by side', node.nodes, depth);
      case 'Subscription':
        return [
          { kind: 'group', depth, text: 'the event comes from' },
          fetchLine(node.primary, depth + 1),
          ...below('then', [node.rest], depth),
        ];
      case 'Defer':
        return [
          ...below('at once', [node.primary.node], depth),
          ...node.deferred.flatMap(({ label, path, node: deferred }) =>
            below(`later${label ? `, as ${label}` : ''}${path ? `, at ${path}` : ''}`, [deferred], depth),
          ),
        ];
    }
  };
  return [
    { kind: 'own', depth: 0, text: planKnown ? 'plan (known)' : 'plan', bars: planKnown ? [] : [barOf(0, planningMs)] },
    ...(plan.root ? linesOf(plan.root, 0) : []),
    { kind: 'own', depth: 0, text: 'write the answer', bars: [barOf(totalMs - writingMs, writingMs)] },
  ];
}

/** The subgraphs of a drawing, in the order in which they come. */
export const subgraphsOf = (lines: readonly Line[]): readonly string[] => [
  ...new Set(lines.flatMap((line) => (line.kind === 'fetch' ? [line.fetch.subgraph] : []))),
];

/** What became of a fetch, in a few words; empty where nothing has to be said. */
export function remarkOn(timings: readonly ToldFetchTiming[]): string {
  if (timings.length === 0) return 'there was nothing to ask for';
  const outcomes = new Set(timings.map(({ outcome }) => outcome));
  const errors = timings.reduce((sum, one) => sum + (one.errors ?? 0), 0);
  const remarks = [
    ...(outcomes.has('unavailable') ? ['no answer'] : []),
    ...(outcomes.has('abandoned') ? ['given up'] : []),
    ...(outcomes.has('errors') ? [errors === 1 ? '1 error' : `${errors} errors`] : []),
    ...(isNobodyAsked(timings) ? [outcomes.has('remembered') ? 'all remembered' : 'all known from other fetches'] : []),
    ...(timings.some(({ shared }) => shared) ? ['shared'] : []),
  ];
  return remarks.join(', ');
}

/** Whether all that a fetch wants was there without asking anybody. */
export const isNobodyAsked = (timings: readonly ToldFetchTiming[]): boolean =>
  timings.length > 0 && timings.every(({ outcome }) => outcome === 'known' || outcome === 'remembered');

/** How many entities were wanted, asked for and remembered; undefined for root fields. */
export function entitiesOf(timings: readonly ToldFetchTiming[]): ToldEntities | undefined {
  const counts = timings.flatMap(({ entities }) => entities ?? []);
  if (counts.length === 0) return undefined;
  const sum = (key: keyof ToldEntities) => counts.reduce((total, one) => total + one[key], 0);
  return { wanted: sum('wanted'), asked: sum('asked'), remembered: sum('remembered') };
}
