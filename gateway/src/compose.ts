import { createHash } from 'node:crypto';
import { composeServices } from '@apollo/composition';
import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { type DocumentNode, parse, printSchema } from 'graphql';
import { type Contract, contractSdlOf, contracts, namingContract } from './contracts.ts';

/** One domain's contract: its whole SDL, shared.graphql included. */
export interface SubgraphSdl {
  readonly name: string;
  readonly sdl: string;
  readonly url?: string;
}

export interface ComposedGraph {
  /** Begins with the stamp of the SDL that it was made from. */
  readonly supergraphSdl: string;
  /** What clients see of each contract, by its name. */
  readonly apiSdls: ReadonlyMap<string, string>;
  /** What composition finds worth a second look. */
  readonly hints: readonly string[];
}

/** A name that leads nowhere: the gateway puts the place that it runs a subgraph at in its stead. */
export const placeholderUrl = (name: string): string => `http://${name}.${placeholderHost}/graphql`;
const placeholderHost = 'subgraph.internal';

export const isPlaceholder = (url: string): boolean => new URL(url).hostname.endsWith(`.${placeholderHost}`);

/** Makes one graph of all domains, or throws an Error that lists everything that does not fit together. */
export function composeSubgraphs(subgraphs: readonly SubgraphSdl[]): ComposedGraph {
  const sorted = subgraphs.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const services = sorted.map(({ name, sdl, url }) => ({ name, url: url ?? placeholderUrl(name), typeDefs: parseSdl(name, sdl) }));
  const { errors, supergraphSdl, hints } = composeServices(services);
  if (errors) throw new Error(compositionMessage(errors.map(({ message, extensions }) => `[${String(extensions['code'])}] ${message}`)));
  const stamped = `${stamp(hashSubgraphs(sorted))}\n${supergraphSdl}\n`;
  const warnings = hints.filter(({ definition }) => definition.level.name === 'WARN').map((hint) => hint.toString());
  return { supergraphSdl: stamped, apiSdls: apiSdlsOf(supergraphSdl), hints: warnings };
}

/** The schema that clients see of each contract; throws an Error that names the contract and the field where one does not hold. */
export function apiSdlsOf(supergraphSdl: string, wanted: readonly Contract[] = contracts): ReadonlyMap<string, string> {
  const supergraph = parse(supergraphSdl);
  const printed = new Map<string, string>();
  return new Map(
    wanted.map((contract) => {
      const sdl = contractSdlOf(supergraphSdl, contract, supergraph);
      const api = printed.get(sdl) ?? namingContract(contract.name, () => apiSdlOf(sdl));
      printed.set(sdl, api);
      return [contract.name, api];
    }),
  );
}

function apiSdlOf(supergraphSdl: string): string {
  const supergraph = Supergraph.build(supergraphSdl, {
    supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
    validateSupergraph: false,
  });
  return `${printSchema(supergraph.apiSchema().toGraphQLJSSchema())}\n`;
}

/** Whether a composed supergraph was made from exactly these contracts, so that composing them again is wasted time. */
export const isComposedFrom = (supergraphSdl: string, subgraphs: readonly SubgraphSdl[]): boolean =>
  supergraphSdl.startsWith(`${stamp(hashSubgraphs(subgraphs))}\n`);

const stamp = (hash: string): string => `# Composed by \`npm run schema\` from SDL ${hash}; changes here are lost.`;

function hashSubgraphs(subgraphs: readonly SubgraphSdl[]): string {
  const hash = createHash('sha256');
  for (const { name, sdl, url } of subgraphs.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    hash.update(JSON.stringify([name, url ?? placeholderUrl(name), sdl]));
  }
  return hash.digest('hex');
}

function parseSdl(name: string, sdl: string): DocumentNode {
  try {
    return parse(sdl);
  } catch (error) {
    throw new Error(compositionMessage([`[${name}] ${(error as Error).message}`]), { cause: error });
  }
}

const compositionMessage = (faults: readonly string[]): string =>
  [
    `the subgraphs do not compose:`,
    ...faults.map((fault) => `- ${fault}`),
    'mend: change what is named in subgraphs/<name>/schema.graphql; a type of two domains needs @key, or is a value type of shared.graphql',
  ].join('\n');
