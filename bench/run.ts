import { installPeers } from './install.ts';
import { identity } from './own/identity.ts';
import { products } from './own/products.ts';
import { start } from './own/start.ts';
import { subscribers } from './own/subscribers.ts';
import { tenants } from './own/tenants.ts';
import { peers } from './peers/index.ts';
import { peerScenarios } from './peers/scenarios.ts';
import { keep, readKept, rowsOf } from './results/keep.ts';
import { describePart } from './results/markdown.ts';
import { measure, type Part, type Scenario } from './results/parts.ts';
import { whereTimeGoes } from './profile/index.ts';
import { subscriptions } from './subscriptions/index.ts';

/** Everything that can be measured, in the order of the results. */
const scenarios: Readonly<Record<string, Scenario>> = {
  ...peers,
  profile: whereTimeGoes,
  products,
  identity,
  tenants,
  start,
  subscribers,
  subscriptions,
};
const groups: Readonly<Record<string, readonly string[]>> = { peers: Object.keys(peers) };

const needsPeers = new Set<string>(peerScenarios.filter(({ embedded }) => !embedded).map(({ name }) => name));

const tell = (line: string): void => void process.stdout.write(`  … ${line}\n`);

/** The scenarios behind the words of the command line; all when there are none. */
function choose(words: readonly string[]): string[] {
  const known = [...Object.keys(groups), ...Object.keys(scenarios)];
  const unknown = words.filter((word) => !known.includes(word));
  if (unknown.length > 0)
    throw new Error(`unknown: ${unknown.join(', ')}; mend: choose from ${known.join(', ')}, and --quick for a short try`);
  const names = new Set(words.flatMap((word) => groups[word] ?? [word]));
  return Object.keys(scenarios).filter((name) => names.size === 0 || names.has(name));
}

interface Run {
  readonly quick: boolean;
  readonly names: readonly string[];
}

/** Measures one scenario after the other; one that breaks is told, and the others go on. Returns whether all went well. */
async function measureAll({ quick, names }: Run): Promise<boolean> {
  const fresh: Record<string, Part> = {};
  const broken: string[] = [];
  for (const [index, name] of names.entries()) {
    const scenario = scenarios[name] as Scenario;
    process.stdout.write(`\n[${index + 1}/${names.length}] ${scenario.title}\n`);
    try {
      const part = await measure(scenario, quick, tell);
      fresh[name] = part;
      process.stdout.write(`\n${describePart(part, rowsOf(quick ? fresh : { ...readKept(), ...fresh }))}`);
      // After each, so that a long run that is cut short has not been for nothing.
      if (!quick) keep({ [name]: part }, Object.keys(scenarios));
    } catch (error) {
      broken.push(name);
      process.stderr.write(`${name} could not be measured: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    }
  }
  if (broken.length > 0)
    process.stderr.write(`\nnot measured: ${broken.join(', ')}; what stands in bench/results.md about them is of an earlier run\n`);
  return broken.length === 0;
}

async function main(words: readonly string[]): Promise<void> {
  const quick = words.includes('--quick');
  const names = choose(words.filter((word) => word !== '--quick'));
  process.stdout.write(`measuring ${names.join(', ')}${quick ? ' (--quick: for trying it out, nothing is written)' : ''}\n`);
  if (names.some((name) => needsPeers.has(name))) installPeers(tell);
  if (!(await measureAll({ quick, names }))) process.exitCode = 1;
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
