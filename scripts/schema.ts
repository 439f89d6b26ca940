import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeSubgraphs } from '../gateway/src/compose.ts';
import { publicContract } from '../gateway/src/contracts.ts';
import { describePolicies } from './policy-schema.ts';
import { listDomains, readSdl, repository } from './domains.ts';

/** Composes all domains into schema/supergraph.graphql, and what clients of each contract see into schema/api*.graphql; returns which of them changed. `check` only compares. */
export function writeComposed({ check = false, root = repository } = {}): { changed: string[]; hints: readonly string[] } {
  const domains = listDomains(root);
  if (domains.length === 0) return { changed: [], hints: [] };
  const { supergraphSdl, apiSdls, hints } = composeSubgraphs(domains.map((name) => ({ name, sdl: readSdl(name, root) })));
  const policies = describePolicies(domains.map((name) => ({ name, sdl: readSdl(name, root) })));
  const files = [
    ['schema/supergraph.graphql', supergraphSdl] as const,
    ['schema/policies.cedarschema', policies.schema] as const,
    ['schema/actions.json', policies.actions] as const,
    ...[...apiSdls].map(([name, sdl]) => [apiFileOf(name), sdl] as const),
  ];
  const changed = files.filter(([file, text]) => {
    const path = join(root, file);
    if (existsSync(path) && readFileSync(path, 'utf8') === text) return false;
    if (!check) writeFileSync(path, text);
    return true;
  });
  return { changed: changed.map(([file]) => file), hints };
}

const apiFileOf = (contract: string): string => (contract === publicContract ? 'schema/api.graphql' : `schema/api.${contract}.graphql`);

function main(options: readonly string[]): void {
  const check = options.includes('--check');
  const { changed, hints } = writeComposed({ check });
  for (const hint of hints) console.log(`hint: ${hint}`);
  if (!check) {
    for (const file of changed) console.log(`wrote ${file}`);
    return;
  }
  if (changed.length === 0) return;
  console.error(`${changed.join(' and ')} do not fit the subgraphs' SDL\nmend: npm run schema, and commit what it writes`);
  process.exitCode = 1;
}

if (import.meta.main) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
