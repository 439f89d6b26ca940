import { milliseconds } from '../measure.ts';
import { atLeast, atMost, type Figure, times } from '../results/figures.ts';
import type { Part } from '../results/parts.ts';
import { bestPeer, rowOf } from './report.ts';
import type { Row } from './race.ts';
import { peerScenarios } from './scenarios.ts';

type Parts = Readonly<Record<string, Part>>;

const ratio = (ours: Row | undefined, other: Row | undefined): number | undefined =>
  ours && other && ours.requestsPerSecond / other.requestsPerSecond;

/** Memory counts as flat when it grows by no more than this from the first round to the last. */
const mostGrowth = 1.1;

/** What the gateway has to reach, as ratios of rows; what was not measured is said to be so. */
export function goalsOf(parts: Parts): Figure[] {
  const rows = Object.values(parts).flatMap(({ rows = [] }) => rows);
  const ours = (scenario: Row['scenario']) => rowOf(rows, scenario, 'ours');
  const besideApollo = (scenario: Row['scenario']) => ratio(ours(scenario), rowOf(rows, scenario, 'apollo'));
  const besideBest = (scenario: Row['scenario']) => ratio(ours(scenario), bestPeer(rows, scenario));
  const speed = [
    atLeast('`http`: beside plain Apollo', besideApollo('http'), 6, times),
    atLeast('`http`: beside the best peer', besideBest('http'), 2.2, times),
    atLeast('`http-shared`: beside plain Apollo', besideApollo('http-shared'), 10, times),
    atLeast('`http-shared`: beside the best peer', besideBest('http-shared'), 3, times),
    atLeast('`identical`: beside the best peer', besideBest('identical'), 4, times),
    atLeast('`in-process`: beside plain Apollo over HTTP', ratio(ours('in-process'), rowOf(rows, 'http', 'apollo')), 16, times),
  ];
  return [...speed, ...latencyGoals(rows), ...memoryGoals(parts, rows), ...ownGraphGoals(parts)];
}

const latencyGoals = (rows: readonly Row[]): Figure[] =>
  rows
    .filter(({ gateway }) => gateway === 'ours')
    .map(({ scenario, p50Ms, p99Ms }) => atMost(`\`${scenario}\`: p99 under twice the median`, p99Ms, p50Ms * 2, milliseconds));

function memoryGoals(parts: Parts, rows: readonly Row[]): Figure[] {
  const [ours, apollo] = [rowOf(rows, 'http', 'ours'), rowOf(rows, 'http', 'apollo')];
  const under =
    ours && apollo ? [atMost('`http`: memory under plain Apollo’s', ours.rssMb, apollo.rssMb, (value) => `${Math.round(value)} MB`)] : [];
  const flat = peerScenarios.flatMap(({ name }) => {
    const growth = parts[name]?.details?.find(({ gateway }) => gateway === 'ours')?.memoryGrowth;
    return growth === undefined ? [] : [atMost(`\`${name}\`: memory flat, last round beside the first`, growth, mostGrowth, times)];
  });
  return [...under, ...flat];
}

/** Goals that other parts have judged already. */
const ownGraphGoals = (parts: Parts): Figure[] =>
  ['products', 'subscriptions'].flatMap((name) => (parts[name]?.figures ?? []).filter(({ goal }) => goal !== undefined));
