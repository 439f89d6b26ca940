import { peerTable } from '../peers/report.ts';
import type { Row } from '../peers/race.ts';
import type { Figure } from './figures.ts';
import type { Part } from './parts.ts';
import { figureTable } from './table.ts';

/** One part as a section. */
export function describePart(
  { title, at, machine: host, loadBefore, loadAfter, figures, notes = [], ...peers }: Part,
  all: readonly Row[],
): string {
  return [
    `## ${title}`,
    '',
    ...(peers.rows ? [peerTable(peers, all), ''] : []),
    ...(figures.length > 0 ? [figureTable(figures), ''] : []),
    ...notes.map((note) => `- ${note}`),
    `- ${at}, Node ${host.node}, ${host.system}, ${host.cores} cores (${host.processor}), load before ${loadBefore}, after ${loadAfter}`,
    '',
  ].join('\n');
}

/** The whole page. */
export function describeAll(parts: readonly Part[], rows: readonly Row[], goals: readonly Figure[]): string {
  const intro = '# Measured\n\nWritten by `npm run bench`; each part says when and on what it ran.\n';
  const picture = '![Requests per second of each gateway in each scenario](results.svg)\n';
  const judged = `## Goals\n\n${figureTable(goals)}\n`;
  return [intro, ...(rows.length > 0 ? [picture, judged] : []), ...parts.map((part) => describePart(part, rows))].join('\n');
}
