import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { goalsOf } from '../peers/goals.ts';
import type { Row } from '../peers/race.ts';
import { drawChart } from './chart.ts';
import type { Figure } from './figures.ts';
import { describeAll } from './markdown.ts';
import type { Part } from './parts.ts';

/** What `results.json` holds: a row for each gateway in each scenario, the goals, and all parts by name. */
export interface Kept {
  readonly rows: readonly Row[];
  readonly goals: readonly Figure[];
  readonly parts: Readonly<Record<string, Part>>;
}

const file = (name: string): URL => new URL(`../${name}`, import.meta.url);

/** The results of earlier runs, by name. */
export function readKept(): Record<string, Part> {
  if (!existsSync(file('results.json'))) return {};
  const { rows, parts } = JSON.parse(readFileSync(file('results.json'), 'utf8')) as Kept;
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [
      name,
      part.versions ? { ...part, rows: rows.filter(({ scenario }) => scenario === name) } : part,
    ]),
  );
}

/** Every row of the parts, in their order. */
export const rowsOf = (parts: Readonly<Record<string, Part>>): Row[] => Object.values(parts).flatMap(({ rows = [] }) => rows);

/** Puts fresh parts in the place of earlier ones and writes results.json, results.md and results.svg; `order` names all parts. */
export function keep(fresh: Readonly<Record<string, Part>>, order: readonly string[]): void {
  const all = { ...readKept(), ...fresh };
  const parts = Object.fromEntries(order.flatMap((name) => (all[name] ? [[name, all[name]] as const] : [])));
  const rows = rowsOf(parts);
  const goals = goalsOf(parts);
  // Rows stand in one list; the parts do not repeat them.
  const kept: Kept = {
    rows,
    goals,
    parts: Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, { ...part, rows: undefined }])),
  };
  writeFileSync(file('results.json'), `${JSON.stringify(kept, null, 2)}\n`);
  writeFileSync(file('results.md'), describeAll(Object.values(parts), rows, goals));
  if (rows.length > 0) writeFileSync(file('results.svg'), drawChart(rows));
}
