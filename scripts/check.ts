import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { auditGraph, describeFinding } from '../schema/rules.ts';
import { scopes } from '../schema/scopes.ts';
import { checkBoundaries } from './check-boundaries.ts';
import { auditBench, auditInstallScripts, auditLicences, auditLockfile, listDependencies, readAllowScripts } from './dependencies.ts';
import { listDomains, readOwnSdl, readSharedSdl, repository } from './domains.ts';
import { generateDomain } from './generate.ts';
import { auditPersonalData } from './personal-columns.ts';
import { writeComposed } from './schema.ts';

/** What a step found: problems fail the check, notes are only shown. */
export interface Report {
  readonly problems: readonly string[];
  readonly notes?: readonly string[];
}

export interface Step {
  readonly name: string;
  readonly mend: string;
  readonly run: () => Report | Promise<Report>;
}

const binary = (path: string): string => join(repository, 'node_modules', path);

function runTool(...options: string[]): Report {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, options, {
    cwd: repository,
    encoding: 'utf8',
    maxBuffer: 64e6,
  });
  if (status === 0) return { problems: [] };
  return { problems: [`${stdout}${stderr}${error?.message ?? ''}`.trim() || `ended with ${status}`] };
}

const generatedTypes: Step = {
  name: 'generated types',
  mend: 'mend the SDL or mappers.ts that is named',
  // They are not in git, so writing them is what makes them fit.
  async run() {
    const notes: string[] = [];
    for (const domain of listDomains()) {
      if (await generateDomain(domain)) notes.push(`wrote subgraphs/${domain}/schema.types.ts`);
    }
    return { problems: [], notes };
  },
};

function auditSchema(): Report {
  const domains = listDomains().map((name) => ({ name, sdl: readOwnSdl(name) }));
  const { findings, waived, publicFields } = auditGraph(domains, readSharedSdl());
  const notes = [
    ...(waived.length ? [`waived: ${waived.map(({ at, rule, reason }) => `${at} rule ${rule} (${reason})`).join('; ')}`] : []),
    `public fields: ${compact(publicFields) || 'none'}`,
  ];
  return { problems: [...findings.map(describeFinding), ...undescribedScopes(domains)], notes };
}

/** People are asked for their consent to scopes in words, and none that nothing asks for is offered to them. */
function undescribedScopes(domains: readonly { readonly sdl: string }[]): string[] {
  const asked = new Set(
    domains.flatMap(({ sdl }) =>
      [...sdl.matchAll(/@requiresScopes\(scopes: (\[\[.*?\]\])\)/g)].flatMap(([, lists = '']) => lists.match(/[\w:.]+/g) ?? []),
    ),
  );
  const missing = [...asked].filter((scope) => !(scope in scopes)).map((scope) => `the scope ${scope} has no words in schema/scopes.ts`);
  const idle = Object.keys(scopes)
    .filter((scope) => !asked.has(scope))
    .map((scope) => `nothing asks for the scope ${scope} of schema/scopes.ts`);
  return [...missing, ...idle];
}

/** `Query.a`, `Query.b` → `Query { a b }`; a field that several subgraphs have is named once. */
export function compact(fields: readonly string[]): string {
  const byType = Map.groupBy(new Set(fields), (field) => field.split('.')[0]!);
  return [...byType].map(([type, group]) => `${type} { ${group.map((field) => field.split('.')[1]).join(' ')} }`).join(', ');
}

function checkComposed(): Report {
  const { changed, hints } = writeComposed({ check: true });
  return { problems: changed.map((file) => `${file} does not fit the subgraphs' SDL`), notes: hints };
}

function auditDependencies(): Report {
  const dependencies = listDependencies();
  return {
    problems: [
      ...auditLockfile(dependencies),
      ...auditInstallScripts(dependencies, readAllowScripts()),
      ...auditLicences(dependencies),
      ...auditBench(),
    ],
  };
}

const steps: readonly Step[] = [
  generatedTypes,
  { name: 'format', mend: 'npm run fix', run: () => runTool(binary('oxfmt/bin/oxfmt'), '--list-different', '.') },
  { name: 'lint', mend: 'npm run fix, then what is left by hand', run: () => runTool(binary('oxlint/bin/oxlint')) },
  {
    name: 'types',
    mend: 'mend what the compiler names',
    run: () => runTool(binary('typescript/bin/tsc'), '--noEmit', '--pretty', 'false'),
  },
  {
    name: 'boundaries',
    mend: 'import only what architecture allows',
    run: () => ({ problems: checkBoundaries().map(({ message, mend }) => `${message}\nmend: ${mend}`) }),
  },
  { name: 'schema rules', mend: 'mend the SDL, or waive with a reason', run: auditSchema },
  { name: 'composed schema', mend: 'npm run schema, and commit what it writes', run: checkComposed },
  {
    name: 'personal data',
    mend: "name the column in the domain's personalData (`goes` or `stays`), or its name among the things of scripts/personal-columns.ts",
    run: async () => ({ problems: await auditPersonalData() }),
  },
  { name: 'dependencies', mend: 'see each line', run: auditDependencies },
];

const tests: Step = {
  name: 'tests',
  mend: 'mend the code or the test; one file alone: npm test -- path',
  run: () => runTool('--experimental-vm-modules', '--disable-warning=ExperimentalWarning', binary('jest/bin/jest.js')),
};

/** Runs every step, whatever the ones before it found, and lists what failed; returns whether all is well. */
export async function runSteps(wanted: readonly Step[], print: (text: string) => void): Promise<boolean> {
  const failed: Step[] = [];
  for (const step of wanted) {
    const begin = performance.now();
    const { problems, notes = [] } = await report(step);
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    print(`${problems.length ? 'FAILED' : 'ok    '} ${step.name} (${seconds} s)`);
    for (const line of [...notes, ...problems]) print(line.replace(/^/gm, '    '));
    if (problems.length) failed.push(step);
  }
  print(failed.length ? `\n${failed.length} of ${wanted.length} failed:` : `\nall ${wanted.length} are fine`);
  for (const { name, mend } of failed) print(`  ${name}\n    mend: ${mend}`);
  return failed.length === 0;
}

async function report(step: Step): Promise<Report> {
  try {
    return await step.run();
  } catch (error) {
    return { problems: [(error as Error).message] };
  }
}

/** The steps that are named, or all; throws for a name that no step has. */
export function chooseSteps(all: readonly Step[], names: readonly string[]): readonly Step[] {
  const unknown = names.filter((name) => !all.some((step) => step.name === name));
  if (unknown.length > 0)
    throw new Error(
      `there is no step "${unknown.join('", "')}"\nmend: name some of ${all.map(({ name }) => `"${name}"`).join(', ')}, or none`,
    );
  return names.length > 0 ? all.filter(({ name }) => names.includes(name)) : all;
}

if (import.meta.main) {
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  try {
    const chosen = chooseSteps(steps, names);
    if (!(await runSteps(process.argv.includes('--with-tests') ? [...chosen, tests] : chosen, console.log))) process.exitCode = 1;
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
