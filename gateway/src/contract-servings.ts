import { contracts, publicContract } from './contracts.ts';
import type { Identified } from './identify.ts';
import type { Serving } from './serving.ts';

/** What serves each contract, by its name. */
export type ContractServings = ReadonlyMap<string, Serving>;

const root = '/graphql';
const tokenScope = 'contract:';

/** Where a contract is served: /graphql for the public one, else /graphql/<name>. */
export const pathOf = (contract: string): string => (contract === publicContract ? root : `${root}/${contract}`);

/** The contract that is served at a path; undefined where there is none. */
export const contractAt = (path: string | undefined): string | undefined => contracts.find(({ name }) => pathOf(name) === path)?.name;

/** The contract of the path, or at the public one's path that of the token: a scope such as `contract:partner` names it. */
export function contractFor<Served>(servings: ReadonlyMap<string, Served>, atPath: string, { identity }: Identified): Served {
  const named = identity.viewer?.scopes.find((scope) => scope.startsWith(tokenScope) && servings.has(scope.slice(tokenScope.length)));
  const contract = atPath === publicContract && named ? named.slice(tokenScope.length) : atPath;
  const found = servings.get(contract);
  if (!found) throw new Error(`nothing serves the contract "${contract}"`);
  return found;
}
