import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The repository's own folder. */
export const repository = resolve(import.meta.dirname, '..');

/** The domains are the folders of `subgraphs` that hold a contract, in alphabetical order. */
export function listDomains(root = repository): string[] {
  const subgraphs = join(root, 'subgraphs');
  if (!existsSync(subgraphs)) return [];
  return readdirSync(subgraphs)
    .filter((name) => existsSync(join(subgraphs, name, 'schema.graphql')))
    .sort();
}

/** What stands before every domain's own SDL. */
export const readSharedSdl = (root = repository): string => readFileSync(join(root, 'schema/shared.graphql'), 'utf8');

/** A domain's own SDL, without shared.graphql. */
export const readOwnSdl = (domain: string, root = repository): string =>
  readFileSync(join(root, 'subgraphs', domain, 'schema.graphql'), 'utf8');

/** A domain's whole SDL, as subgraph and composition see it. */
export const readSdl = (domain: string, root = repository): string => `${readSharedSdl(root)}\n${readOwnSdl(domain, root)}`;
