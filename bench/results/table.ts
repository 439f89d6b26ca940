import type { Figure } from './figures.ts';

/** A Markdown table; the first row is its head. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

const judge = (holds: boolean | undefined): string => (holds === undefined ? '' : holds ? 'yes' : 'NO');

/** Figures with their goals. */
export const figureTable = (figures: readonly Figure[]): string =>
  table([['', 'measured', 'goal', 'holds'], ...figures.map(({ what, value, goal = '', holds }) => [what, value, goal, judge(holds)])]);
