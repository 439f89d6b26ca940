import { readFileSync } from 'node:fs';

export type GatewayName = 'apollo' | 'hive' | 'hive-jit' | 'hive-rust' | 'mercurius' | 'mercurius-jit' | 'ours';

/** One gateway as it is started. */
export interface Gateway {
  readonly name: GatewayName;
  readonly title: string;
  readonly entry: string;
  readonly variant: string;
  /** The packages whose versions the results name; none for ours. */
  readonly packages: readonly string[];
  /** What it can share between requests of clients. */
  readonly shares: { readonly upstream: boolean; readonly inbound: boolean };
  readonly environment?: Readonly<Record<string, string>>;
}

const nothing = { upstream: false, inbound: false };
const both = { upstream: true, inbound: true };

const hive = (name: GatewayName, title: string, variant: string, ...packages: string[]): Gateway => ({
  name,
  title,
  entry: 'gateways/hive.ts',
  variant,
  packages: ['@graphql-hive/gateway-runtime', ...packages],
  shares: both,
});

const mercurius = (name: GatewayName, title: string, variant: string, ...packages: string[]): Gateway => ({
  name,
  title,
  entry: 'gateways/mercurius.ts',
  variant,
  packages: ['@mercuriusjs/gateway', 'mercurius', ...packages],
  shares: nothing,
});

/** In the order in which they take turns; the first is the measure of all others. */
export const gateways: readonly Gateway[] = [
  {
    name: 'apollo',
    title: 'plain Apollo',
    entry: 'gateways/apollo.ts',
    variant: '',
    packages: ['@apollo/gateway', '@apollo/server'],
    shares: nothing,
    environment: { APOLLO_TELEMETRY_DISABLED: 'true' },
  },
  hive('hive', 'Hive Gateway', ''),
  hive('hive-jit', 'Hive Gateway, JIT', 'jit', '@graphql-mesh/plugin-jit', 'graphql-jit'),
  hive('hive-rust', 'Hive Gateway, Rust planner', 'rust', '@graphql-hive/router-runtime', '@graphql-hive/router-query-planner'),
  mercurius('mercurius', 'Mercurius', ''),
  mercurius('mercurius-jit', 'Mercurius, JIT', 'jit', 'graphql-jit'),
  { name: 'ours', title: 'ours', entry: 'peers/ours.ts', variant: 'http', packages: [], shares: both },
];

export const isOurs = ({ name }: Pick<Gateway, 'name'>): boolean => name === 'ours';

interface Manifest {
  readonly version: string;
}

/** Packages with the versions that are installed, each once. */
export const versionsOf = (some: readonly Gateway[]): string[] =>
  [...new Set(some.flatMap(({ packages }) => packages))].map((name) => `${name} ${versionOf(name)}`);

/** The version of a package that is installed in bench/. */
export function versionOf(name: string): string {
  try {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    return (JSON.parse(readFileSync(file, 'utf8')) as Manifest).version;
  } catch {
    return '(not installed)';
  }
}
