import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { load, type Findings, machine, type Machine, type Scenario } from './measure.ts';
import { products } from './products.ts';
import { start } from './start.ts';
import { subscribers } from './subscribers.ts';

const scenarios: Readonly<Record<string, Scenario>> = { start, products, subscribers };

interface Result extends Findings {
  readonly title: string;
  readonly at: string;
  readonly machine: Machine;
  readonly loadBefore: string;
  readonly loadAfter: string;
}

const file = (name: string): URL => new URL(name, import.meta.url);

async function measure({ title, run }: Scenario): Promise<Result> {
  process.stdout.write(`\n${title}\n`);
  const at = new Date().toISOString();
  const loadBefore = load();
  const findings = await run((line) => process.stdout.write(`  … ${line}\n`));
  return { title, at, machine: machine(), loadBefore, loadAfter: load(), ...findings };
}

const judge = (holds: boolean | undefined): string => (holds === undefined ? '' : holds ? 'yes' : 'NO');

function describe({ title, at, machine: host, loadBefore, loadAfter, figures, notes = [] }: Result): string {
  const rows = [['', 'measured', 'goal', 'holds'], ...figures.map(({ what, value, goal = '', holds }) => [what, value, goal, judge(holds)])];
  const widths = [0, 1, 2, 3].map((column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [
    `## ${title}`,
    '',
    line(head),
    line(widths.map((width) => '-'.repeat(width))),
    ...body.map(line),
    '',
    ...notes.map((note) => `- ${note}`),
    `- ${at}, Node ${host.node}, ${host.system}, ${host.cores} cores (${host.processor}), load before ${loadBefore}, after ${loadAfter}`,
    '',
  ].join('\n');
}

function keep(fresh: Readonly<Record<string, Result>>): void {
  const kept = existsSync(file('results.json')) ? (JSON.parse(readFileSync(file('results.json'), 'utf8')) as Record<string, Result>) : {};
  const all = Object.fromEntries(
    Object.keys(scenarios).flatMap((name) => {
      const result = fresh[name] ?? kept[name];
      return result ? [[name, result] as const] : [];
    }),
  );
  writeFileSync(file('results.json'), `${JSON.stringify(all, null, 2)}\n`);
  const intro = '# Measured\n\nWritten by `npm run bench`; each part says when and on what it ran.\n';
  writeFileSync(file('results.md'), [intro, ...Object.values(all).map(describe)].join('\n'));
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(scenarios, name));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; mend: choose from ${Object.keys(scenarios).join(', ')}`);
  for (const name of names.length > 0 ? names : Object.keys(scenarios)) {
    const result = await measure(scenarios[name] as Scenario);
    process.stdout.write(`\n${describe(result)}`);
    keep({ [name]: result });
  }
}

await main(process.argv.slice(2));
