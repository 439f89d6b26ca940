import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { repository } from './domains.ts';

/** One import that leads where it must not; `message` and `mend` are its two lines. */
export interface Trespass {
  readonly message: string;
  readonly mend: string;
}

/** Which part of the house a file belongs to. */
type Place =
  | { readonly room: 'platform' | 'events' | 'schema' | 'gateway' | 'registry' | 'root' | 'scripts' | 'other' }
  | { readonly room: 'db' | 'domain'; readonly domain: string };

const roots = new Set(['gateway/main.ts', 'gateway/testing.ts', 'subgraphs/serve.ts', 'gateway/app.ts', 'gateway/samples.ts']);
/** Roots that a test may start; the others are programs. */
const testable = new Set(['gateway/testing.ts', 'gateway/app.ts', 'gateway/samples.ts']);
const isTest = (file: string): boolean => file.endsWith('.test.ts') || file.includes('/tests/');

function placeOf(file: string): Place {
  if (roots.has(file)) return { room: 'root' };
  const [workspace, first = '', ...rest] = file.split('/');
  if (workspace === 'platform' || workspace === 'gateway' || workspace === 'scripts') return { room: workspace };
  if (workspace === 'schema') return { room: first === 'events' ? 'events' : 'schema' };
  if (file === 'subgraphs/registry.ts') return { room: 'registry' };
  // `db/migrate.ts` and the like know no domain.
  if (workspace === 'db') return { room: 'db', domain: rest.length > 0 ? first : '' };
  if (workspace === 'subgraphs' && rest.length > 0) return { room: 'domain', domain: first };
  return { room: 'other' };
}

/** Says which import is a trespass, and how to do without; undefined when it is fine. `from` and `to` are paths in the repository. */
export function judgeImport(from: string, to: string): string | undefined {
  const source = placeOf(from);
  const target = placeOf(to);
  if (source.room === 'scripts') return undefined;
  if (target.room === 'scripts') return 'move what both need into platform';
  if (isTest(from) && (testable.has(to) || target.room === 'schema' || target.room === 'events')) return undefined;
  if (to === 'gateway/testing.ts' || to === 'gateway/main.ts' || to === 'subgraphs/serve.ts')
    return 'move what both need into platform or gateway/src';
  if (target.room === 'platform') return undefined;
  // What scopes mean to people belongs to the graph, and whoever asks them for consent shows it.
  if (to === 'schema/scopes.ts' && source.room === 'domain') return undefined;
  // The sample world is shared by all seeds, so that they fit together.
  if (to === 'schema/demo.ts' && (source.room === 'root' || /^subgraphs\/[a-z]+\/seed/.test(from))) return undefined;
  if (target.room === 'registry')
    return source.room === 'root' ? undefined : 'only composition roots know all domains; take what you need as an argument';
  if (target.room === 'domain') return judgeDomainImport(from, source, to, target.domain);
  if (target.room === 'db') return judgeTableImport(from, source, target.domain);
  if (target.room === source.room) return undefined;
  if (source.room === 'root') return undefined;
  if (target.room === 'events') return source.room === 'domain' ? undefined : 'let a domain consume the event';
  return `what ${to} and others need belongs into platform`;
}

function judgeDomainImport(from: string, source: Place, to: string, domain: string): string | undefined {
  if (source.room === 'registry') {
    return to === `subgraphs/${domain}/index.ts`
      ? undefined
      : `import subgraphs/${domain}/index.ts, which is all the program sees of ${domain}`;
  }
  if (source.room !== 'domain') return 'name the domain in subgraphs/registry.ts; only composition roots read it';
  if (source.domain !== domain) return askOtherwise(domain);
  return isTest(from) ? undefined : judgeRooms(from, to);
}

function judgeTableImport(from: string, source: Place, domain: string): string | undefined {
  if (source.room === 'root') return undefined;
  if (source.room === 'db') return source.domain === domain || domain === '' || source.domain === '' ? undefined : askOtherwise(domain);
  if (source.room !== 'domain') return 'tables belong to their domain alone';
  if (source.domain !== domain) return askOtherwise(domain);
  if (roomOf(from) === 'resolvers' && !isTest(from)) return 'read and write through the service, which has the rules';
  return undefined;
}

const askOtherwise = (domain: string): string => `ask ${domain} through the graph (an @key stub) or copy what you need from its events`;

/** Imports go down, never up; rooms without a rank (helpers, types) may be used by all. */
const ranks: Readonly<Record<string, number>> = {
  store: 1,
  policy: 2,
  loaders: 2,
  service: 3,
  consumers: 4,
  workers: 4,
  resolvers: 5,
  index: 6,
};
/** They hold nothing but types, which are made of the types of every room. */
const typeRooms = new Set(['mappers', 'context', 'schema.types']);

/** `subgraphs/orders/service/place-order.ts` and `subgraphs/orders/service.ts` are the room `service`. */
const roomOf = (file: string): string => file.split('/')[2]!.replace(/\.ts$/, '');

function judgeRooms(from: string, to: string): string | undefined {
  const [upper, lower] = [roomOf(from), roomOf(to)];
  if (typeRooms.has(upper)) return undefined;
  const rank = ranks[upper] ?? ranks['service']!;
  if (rank >= (ranks[lower] ?? 0)) return undefined;
  return `inside a domain resolvers -> service -> store -> db, never back: move what ${upper} needs down, or hand it over as an argument`;
}

const importPattern = /^[ \t]*(?:import|export)\b(?:[^;'"`]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
const importsOf = (source: string): string[] => [...source.matchAll(importPattern)].map((match) => (match[1] ?? match[2])!);

/** The file in the repository that an import leads to; undefined for packages. */
function resolveImport(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  const ours = /^@supergraph\/(platform|schema|db|subgraphs|gateway)\/(.+)$/.exec(specifier);
  if (!ours) return undefined;
  return `${ours[1] === 'platform' ? 'platform/src' : ours[1]}/${ours[2]}.ts`;
}

/** Trespasses of one file. */
export function judgeFile(file: string, source: string): Trespass[] {
  return importsOf(source).flatMap((specifier) => {
    const target = resolveImport(file, specifier);
    const mend = target === undefined ? judgePackage(file, specifier) : (judgePath(file, specifier, target) ?? judgeImport(file, target));
    return mend === undefined ? [] : [{ message: `${file} imports ${target ?? specifier}`, mend }];
  });
}

function judgePackage(file: string, specifier: string): string | undefined {
  const place = placeOf(file);
  if (place.room !== 'domain' || isTest(file) || roomOf(file) !== 'resolvers') return undefined;
  return /^(drizzle-orm|postgres)(\/|$)/.test(specifier) ? 'resolvers hold no SQL: move the query into the store' : undefined;
}

/** Other workspaces are imported by name, so that their exports stay the only way in. */
function judgePath(file: string, specifier: string, target: string): string | undefined {
  const workspace = target.split('/')[0]!;
  if (!specifier.startsWith('.') || file.startsWith('scripts/') || file.split('/')[0] === workspace || roots.has(file)) return undefined;
  if (!['platform', 'schema', 'db', 'subgraphs'].includes(workspace)) return undefined;
  const name = target.replace(/^platform\/src/, 'platform').replace(/\.ts$/, '');
  return `import @supergraph/${name}`;
}

/** Trespasses of the whole repository. */
export function checkBoundaries(root = repository): Trespass[] {
  const files = globSync('{platform,schema,db,subgraphs,gateway}/**/*.ts', { cwd: root, exclude: (name) => name.includes('node_modules') });
  return files.toSorted().flatMap((file) => (existsSync(join(root, file)) ? judgeFile(file, readFileSync(join(root, file), 'utf8')) : []));
}

if (import.meta.main) {
  const trespasses = checkBoundaries();
  for (const { message, mend } of trespasses) console.error(`${message}\nmend: ${mend}`);
  if (trespasses.length) process.exitCode = 1;
}
