import { megabytes, milliseconds, perSecond } from '../measure.ts';
import { isKnown, times } from '../results/figures.ts';
import type { Findings } from '../results/parts.ts';
import { table } from '../results/table.ts';
import { gateways } from './gateways.ts';
import type { Row } from './race.ts';

/** The best of all that are not ours in a scenario. */
export const bestPeer = (rows: readonly Row[], scenario: Row['scenario']): Row | undefined =>
  rows
    .filter((row) => row.scenario === scenario && row.gateway !== 'ours')
    .toSorted((a, b) => b.requestsPerSecond - a.requestsPerSecond)
    .at(0);

export const rowOf = (rows: readonly Row[], scenario: Row['scenario'], gateway: Row['gateway']): Row | undefined =>
  rows.find((row) => row.scenario === scenario && row.gateway === gateway);

const titleOf = (name: string): string => gateways.find((gateway) => gateway.name === name)?.title ?? name;

/** The rows of one scenario beside plain Apollo and beside the best peer; `all` are the rows of all scenarios. */
export function peerTable(
  { rows = [], details = [], failures = [] }: Pick<Findings, 'rows' | 'details' | 'failures'>,
  all: readonly Row[],
): string {
  const head = [
    'gateway',
    'requests/s',
    'beside Apollo',
    'beside best peer',
    'p50 / p99',
    'CPU per request',
    'CPU beside Apollo',
    'memory',
    'fetches alone / under load',
    'wrong',
  ];
  const measured = rows.map((row) => {
    const [apollo, best] = comparedWith(row, all);
    const detail = details.find(({ gateway }) => gateway === row.gateway);
    return [
      titleOf(row.gateway),
      perSecond(row.requestsPerSecond),
      apollo ? times(row.requestsPerSecond / apollo.requestsPerSecond) : '',
      best ? times(row.requestsPerSecond / best.requestsPerSecond) : '',
      `${milliseconds(row.p50Ms)} / ${milliseconds(row.p99Ms)}`,
      isKnown(row.cpuMsPerRequest) ? `${row.cpuMsPerRequest.toFixed(2)} ms` : 'unknown here',
      apollo && isKnown(row.cpuMsPerRequest) ? times(row.cpuMsPerRequest / apollo.cpuMsPerRequest) : '',
      isKnown(row.rssMb) ? megabytes(row.rssMb * 1_048_576) : 'unknown here',
      detail ? `${detail.fetchesAlone} / ${detail.fetches.toFixed(1)}` : '',
      detail ? String(detail.wrong) : '',
    ];
  });
  const failed = failures.map(({ gateway }) => [titleOf(gateway), 'not measured']);
  const reasons = failures.map(
    ({ gateway, reason }) => `\n- ${titleOf(gateway)} was not measured: ${reason.replaceAll(/\s+/g, ' ').slice(0, 600)}`,
  );
  return [table([head, ...measured, ...failed]), ...reasons].join('');
}

/** In process there is nobody to compare with but who asks over HTTP. */
function comparedWith({ scenario }: Row, all: readonly Row[]): [Row | undefined, Row | undefined] {
  const other = scenario === 'in-process' ? 'http' : scenario;
  return [rowOf(all, other, 'apollo'), bestPeer(all, other)];
}
