import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repository } from './domains.ts';
import { generateDomain } from './generate.ts';
import { writeComposed } from './schema.ts';

const usage = 'npm run new:subgraph -- loyalty';
/** They stand where a domain's name would, or cannot be a name in TypeScript. */
const reserved = new Set(
  'registry serve testing shared events template tests console default export import package public static'.split(' '),
);

/** Everything that is wrong with a new domain's name, each with its mend. */
export function problemsWithName(name: string, root = repository): string[] {
  if (!name) return [`a new domain needs a name\nmend: ${usage}`];
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9]*$/.test(name)) {
    problems.push(
      `"${name}" is no name for a domain: it is a folder, a PostgreSQL schema and the first part of its events\nmend: one word of lower-case letters and digits, beginning with a letter, as in: ${usage}`,
    );
  }
  if (reserved.has(name)) problems.push(`"${name}" means something else already\nmend: choose another word`);
  const taken = [`subgraphs/${name}`, `db/${name}`, `schema/events/${name}.ts`].filter((path) => name && existsSync(join(root, path)));
  if (taken.length)
    problems.push(
      `${taken.join(' and ')} ${taken.length > 1 ? 'exist' : 'exists'}\nmend: choose another name, or take away what is left of the old one`,
    );
  return problems;
}

/** Puts a domain's name into a template: `__domain__`, `__Domain__` and `__DOMAIN__`. */
export const fillIn = (text: string, name: string): string =>
  text
    .replaceAll('__domain__', name)
    .replaceAll('__Domain__', name.charAt(0).toUpperCase() + name.slice(1))
    .replaceAll('__DOMAIN__', name.toUpperCase());

/** Writes a new domain's files from the templates (`*.tmpl`), which mirror the repository; returns their paths. */
export function renderTemplate(name: string, { root = repository, templates = join(repository, 'scripts/template') } = {}): string[] {
  const sources = globSync('**/*.tmpl', { cwd: templates }).toSorted();
  if (sources.length === 0) throw new Error(`there is no template in ${templates}\nmend: git checkout -- scripts/template`);
  return sources.map((source) => {
    const target = fillIn(source.replace(/\.tmpl$/, ''), name);
    mkdirSync(dirname(join(root, target)), { recursive: true });
    // Nothing is ever overwritten.
    writeFileSync(join(root, target), fillIn(readFileSync(join(templates, source), 'utf8'), name), { flag: 'wx' });
    return target;
  });
}

const domainOfLine = (line: string): string | undefined => /'\.\/([a-z][a-z0-9]*)\/index\.ts'/.exec(line)?.[1];

/** The text of subgraphs/registry.ts with a line for the new domain, in alphabetical order and in the form of its neighbors. */
export function addToRegistry(source: string, name: string): string {
  const lines = source.split('\n');
  const neighbors = lines.flatMap((line, index) => {
    const domain = domainOfLine(line);
    return domain ? [{ domain, index, line }] : [];
  });
  const model = neighbors[0];
  if (!model) return addFirst(source, name);
  const line = model.line.replace(new RegExp(`\\b${model.domain}\\b`, 'g'), name);
  const next = neighbors.find(({ domain }) => domain > name);
  lines.splice(next ? next.index : neighbors.at(-1)!.index + 1, 0, line);
  return lines.join('\n');
}

function addFirst(source: string, name: string): string {
  const line = `  ${name}: () => import('./${name}/index.ts'),`;
  const filled = source.replace(/^(export const \w+[^=\n]*= )\{\s*\}/m, `$1{\n${line}\n}`);
  if (filled !== source) return filled;
  throw new Error(`subgraphs/registry.ts has no place for ${name}\nmend: give it one line for each domain, as in\n${line}`);
}

/** The text of schema/scopes.ts with words for the new domain's scope, in alphabetical order. */
export function addToScopes(source: string, name: string): string {
  const lines = source.split('\n');
  const known = lines.flatMap((line, index) => {
    const scope = /^  '([a-z0-9]+):[a-z.]+': /.exec(line)?.[1];
    return scope ? [{ scope, index }] : [];
  });
  const last = known.at(-1);
  if (!last) throw new Error('schema/scopes.ts has no scopes\nmend: give it one line for each, as in its history');
  const next = known.find(({ scope }) => scope > name);
  lines.splice(next ? next.index : last.index + 1, 0, `  '${name}:write': 'Change what you keep in ${name}',`);
  return lines.join('\n');
}

function describeScopes(name: string, root = repository): void {
  const file = join(root, 'schema/scopes.ts');
  writeFileSync(file, addToScopes(readFileSync(file, 'utf8'), name));
}

function registerDomain(name: string, root = repository): void {
  const file = join(root, 'subgraphs/registry.ts');
  writeFileSync(file, addToRegistry(readFileSync(file, 'utf8'), name));
}

function writeFirstMigration(name: string): void {
  if (existsSync(join(repository, 'db', name, 'migrations'))) return;
  const { status } = spawnSync(process.execPath, ['scripts/migration.ts', name, 'create_tables'], { cwd: repository, stdio: 'inherit' });
  if (status !== 0) throw new Error(`the first migration was not written\nmend: npm run migration -- ${name} create_tables`);
}

/** How long a line gets depends on the name, so the templates cannot be in their final format. */
function format(files: readonly string[]): void {
  const oxfmt = join(repository, 'node_modules/oxfmt/bin/oxfmt');
  const { status } = spawnSync(process.execPath, [oxfmt, ...files], { cwd: repository, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('the new files were not formatted\nmend: npm run fix');
}

async function main(name: string): Promise<void> {
  const problems = problemsWithName(name);
  if (problems.length) throw new Error(problems.join('\n'));
  const files = renderTemplate(name);
  format(files);
  for (const file of files) console.log(`wrote ${file}`);
  registerDomain(name);
  console.log('added a line to subgraphs/registry.ts');
  describeScopes(name);
  console.log('added words for its scope to schema/scopes.ts');
  await generateDomain(name);
  writeFirstMigration(name);
  for (const file of writeComposed().changed) console.log(`wrote ${file}`);
  console.log(`
next:
  1. the contract: subgraphs/${name}/schema.graphql, then npm run generate -- ${name}
  2. the tables: db/${name}/tables.ts, then npm run migration -- ${name} <what changes>
  3. the rules with their tests: subgraphs/${name}/service.ts
  4. the resolvers, until the compiler is silent
  5. npm run check, npm test -- subgraphs/${name}`);
}

if (import.meta.main) {
  await main(process.argv[2] ?? '').catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
