import { expand } from '../processes/cores.ts';
import { median, percentile } from '../measure.ts';
import { goalsOf } from '../peers/goals.ts';
import type { Detail, Row } from '../peers/race.ts';
import { peerTable } from '../peers/report.ts';
import { drawChart } from '../results/chart.ts';
import { describeAll } from '../results/markdown.ts';
import type { Part } from '../results/parts.ts';

const row = (scenario: Row['scenario'], gateway: Row['gateway'], requestsPerSecond: number, more: Partial<Row> = {}): Row => ({
  scenario,
  gateway,
  requestsPerSecond,
  p50Ms: 10,
  p99Ms: 19,
  cpuMsPerRequest: 1,
  rssMb: 200,
  rounds: 3,
  ...more,
});
const detail = (gateway: Row['gateway'], memoryGrowth: number): Detail => ({
  gateway,
  fetchesAlone: 16,
  fetches: 16,
  memoryGrowth,
  answers: 1_000,
  wrong: 0,
  firstWrong: undefined,
  driverBusy: 0.2,
  othersBusy: 0,
});
const part = (rows: readonly Row[], details: readonly Detail[] = []): Part => ({
  title: 'Beside its peers',
  at: '2026-11-25T00:00:00.000Z',
  machine: { node: 'v24', system: 'linux x64', cores: 2, processor: 'some' },
  loadBefore: '0.1',
  loadAfter: '1.0',
  figures: [],
  rows,
  details,
});

const http = [row('http', 'apollo', 70, { rssMb: 240 }), row('http', 'hive-rust', 140), row('http', 'ours', 434)];
const parts = {
  http: part(http, [detail('ours', 1.02)]),
  'in-process': part([row('in-process', 'ours', 1_000, { p99Ms: 25 })], [detail('ours', 1.4)]),
};
const judged = (what: string) => goalsOf(parts).find((goal) => goal.what.startsWith(what));

test('goals are ratios of rows', () => {
  expect(judged('`http`: beside plain Apollo')).toEqual({
    what: '`http`: beside plain Apollo',
    value: '6.20 ×',
    goal: '>= 6.00 ×',
    holds: true,
  });
  expect(judged('`http`: beside the best peer')).toMatchObject({ value: '3.10 ×', holds: true });
  expect(judged('`in-process`: beside plain Apollo')).toMatchObject({ value: '14.3 ×', holds: false });
  expect(judged('`in-process`: p99')).toMatchObject({ value: '25 ms', goal: '<= 20 ms', holds: false });
  expect(judged('`http`: memory under')).toMatchObject({ value: '200 MB', goal: '<= 240 MB', holds: true });
  expect(judged('`in-process`: memory flat')).toMatchObject({ value: '1.40 ×', holds: false });
});

test('a goal without its rows is not measured: neither held nor missed', () => {
  expect(judged('`identical`: beside the best peer')).toEqual({
    what: '`identical`: beside the best peer',
    value: 'not measured',
    goal: '>= 4.00 ×',
  });
});

test('a gateway that could not be measured stands in the table with its reason', () => {
  const text = peerTable(
    { rows: http, details: [detail('ours', 1)], failures: [{ gateway: 'mercurius', reason: 'it did not\nstart' }] },
    http,
  );
  expect(text).toMatch(/\| Mercurius +\| not measured +\|/);
  expect(text).toContain('- Mercurius was not measured: it did not start');
  expect(text).toMatch(/\| ours +\| 434\/s +\| 6\.20 × +\| 3\.10 × +\|/);
});

test('the page holds the picture, the goals and every part', () => {
  const text = describeAll(Object.values(parts), [...http], goalsOf(parts));
  expect(text).toContain('](results.svg)');
  expect(text).toContain('## Goals');
  expect(text.match(/^## /gm)).toHaveLength(3);
});

test('the picture shows each gateway and, for ours in process, whom it is measured by', () => {
  const svg = drawChart([...http, row('in-process', 'ours', 1_000)]);
  for (const label of ['plain Apollo', 'Hive Gateway, Rust planner', 'ours, in process', 'plain Apollo, HTTP'])
    expect(svg).toContain(`>${label}</text>`);
  expect(svg).toContain('prefers-color-scheme: dark');
  expect(svg).not.toContain('NaN');
});

test('what the system could not tell is unknown, also when it is read back from the file', () => {
  const read = JSON.parse(JSON.stringify(row('http', 'ours', 434, { cpuMsPerRequest: Number.NaN, rssMb: Number.NaN }))) as Row;
  expect(peerTable({ rows: [read] }, [read])).toContain('unknown here');
  const goal = goalsOf({ http: part([row('http', 'apollo', 70), read]) }).find(({ what }) => what.includes('memory under'));
  expect(goal).toMatchObject({ value: 'unknown here' });
  expect(goal).not.toHaveProperty('holds');
});

test('percentiles need no order', () => {
  expect(percentile([5, 1, 4, 2, 3], 0.99)).toBe(5);
  expect(median([9, 1, 5])).toBe(5);
  expect(median([])).toBeNaN();
});

test('a list of cores is read as the system writes it', () => {
  expect(expand('0-2,5')).toEqual([0, 1, 2, 5]);
  expect(expand('3')).toEqual([3]);
  expect(expand('')).toEqual([]);
});
