import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './domains.ts';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
}

export interface Dependency extends LockedPackage {
  readonly name: string;
  /** Where it is installed; empty for the repository itself. */
  readonly path: string;
}

/** Below these versions something that the design relies on is missing or broken. */
const floors: Readonly<Record<string, string>> = {
  node: '24.15.0',
  graphql: '16.15.0',
  '@apollo/server': '5.5.0',
  '@apollo/gateway': '2.14.4',
  'drizzle-orm': '0.45.2',
  nodemailer: '10.0.0',
  'oidc-provider': '9.13.0',
  undici: '7.24.0',
  ws: '8.21.1',
};

/** Apollo's composition and gateway pass each other's data structures around. */
const sameVersion = [
  '@apollo/composition',
  '@apollo/query-planner',
  '@apollo/query-graphs',
  '@apollo/federation-internals',
  '@apollo/gateway',
];

const licences = new Set(
  'MIT MIT-0 ISC BSD-2-Clause BSD-3-Clause Apache-2.0 0BSD BlueOak-1.0.0 Unlicense CC0-1.0 Python-2.0 PSF-2.0 MPL-2.0'.split(' '),
);

/** Packages whose own words are not an SPDX name, read by a person. */
const readLicences: Readonly<Record<string, string>> = { jsonify: 'Public Domain' };

/** Everything that the lockfile installs. */
export function listDependencies(root = repository): Dependency[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, LockedPackage> };
  return Object.entries(packages)
    .filter(([path, entry]) => path.includes('node_modules/') && !entry.link)
    .map(([path, entry]) => ({ ...entry, path, name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length) }));
}

/** Packages with an install script that `allowScripts` in package.json does not judge, and judgements that judge nothing. */
export function auditInstallScripts(dependencies: readonly Dependency[], allowScripts: Readonly<Record<string, boolean>>): string[] {
  const withScript = new Set(dependencies.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name));
  const unread = [...withScript].filter((name) => !(name in allowScripts));
  const idle = Object.keys(allowScripts).filter((name) => !withScript.has(name));
  return [
    ...unread.map(
      (name) =>
        `${name} has an install script that nobody reviewed\nmend: read it, then npm approve-scripts ${name} or npm deny-scripts ${name}`,
    ),
    ...idle.map((name) => `allowScripts names ${name}, which has no install script\nmend: take it out of package.json`),
  ];
}

/** The judgements on install scripts in package.json. */
export const readAllowScripts = (root = repository): Record<string, boolean> =>
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { allowScripts?: Record<string, boolean> }).allowScripts ?? {};

/** Download addresses, missing checksums, versions below the floors, Apollo packages that do not belong together. */
export const auditLockfile = (dependencies: readonly Dependency[]): string[] => [
  ...auditSources(dependencies),
  ...auditFloors(dependencies),
  ...auditApollo(dependencies),
];

/** Download addresses and missing checksums. */
export function auditSources(dependencies: readonly Dependency[]): string[] {
  const addresses = dependencies
    .filter(({ resolved }) => resolved !== undefined)
    .map(({ path, resolved }) => `${path} is downloaded from ${resolved}`);
  const unchecked = dependencies.filter(({ integrity }) => !integrity).map(({ path }) => `${path} has no checksum`);
  const remake = "mend: rm package-lock.json && npm install, with the folder's .npmrc in place";
  return [...addresses, ...unchecked].map((fault) => `${fault}\n${remake}`);
}

/** What is wrong with the peers' lockfile in bench/: they may be of any version, since nothing of ours runs on them. */
export function auditBench(root = join(repository, 'bench')): string[] {
  const dependencies = listDependencies(root);
  const problems = [
    ...auditSources(dependencies),
    ...auditInstallScripts(dependencies, readAllowScripts(root)),
    ...auditLicences(dependencies),
  ];
  return problems.map((problem) => `bench: ${problem}`);
}

function auditFloors(dependencies: readonly Dependency[]): string[] {
  return dependencies
    .filter(({ name, version }) => isBelow(version ?? '0', floors[name] ?? '0'))
    .map(
      ({ path, name, version }) =>
        `${path} is ${version}, below ${floors[name]}\nmend: npm install ${name}@${floors[name]}, or an override`,
    );
}

function auditApollo(dependencies: readonly Dependency[]): string[] {
  const versions = new Set(dependencies.filter(({ name }) => sameVersion.includes(name)).map(({ version }) => version));
  if (versions.size <= 1) return [];
  return [`${sameVersion.join(', ')} have the versions ${[...versions].join(', ')}\nmend: pin one version for all of them`];
}

/** Compares release versions; a prerelease counts as its release. */
export function isBelow(version: string, floor: string): boolean {
  const [ours, theirs] = [version, floor].map((text) =>
    text
      .replace(/[-+].*$/, '')
      .split('.')
      .map(Number),
  );
  const index = ours!.findIndex((part, at) => part !== (theirs![at] ?? 0));
  return index >= 0 && ours![index]! < (theirs![index] ?? 0);
}

/** Licences of what production installs that are not on the allow list. */
export function auditLicences(dependencies: readonly Dependency[]): string[] {
  return dependencies
    .filter(({ dev }) => !dev)
    .filter(({ name, license }) => !isAllowedLicence(name, license))
    .map(
      ({ path, license }) =>
        `${path} has the licence ${license ?? 'unknown'}\nmend: use another package, or ask for the licence to be allowed in scripts/dependencies.ts`,
    );
}

function isAllowedLicence(name: string, licence = ''): boolean {
  if (readLicences[name] === licence) return true;
  if (name.startsWith('@apollo/') && licence === 'Elastic-2.0') return true;
  const words = licence.replace(/[()]/g, '');
  if (words.includes(' OR ')) return words.split(' OR ').some((word) => licences.has(word.trim()));
  return words.split(' AND ').every((word) => licences.has(word.trim()));
}
