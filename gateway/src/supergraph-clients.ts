import type { Log } from '@supergraph/platform/log';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import type { NamedSubgraph } from './supergraph-parts.ts';

/** The clients of one supergraph's subgraphs, by the names that it gives them. */
export interface Leased {
  readonly clients: ReadonlyMap<string, SubgraphClient>;
  readonly release: () => void;
}

export interface SubgraphClients {
  /** Throws an Error that lists the subgraphs that nobody serves. */
  lease(subgraphs: readonly NamedSubgraph[]): Leased;
  close(): Promise<void>;
}

export interface ClientsOptions {
  readonly clients: ReadonlyMap<string, SubgraphClient>;
  readonly connect?: (name: string, url: string) => SubgraphClient | undefined;
  readonly log: Log;
}

interface Connected {
  readonly client: SubgraphClient;
  leases: number;
  closing?: NodeJS.Timeout | undefined;
}

/** Requests that began before their executor was swapped out have ended by then. */
const lingerMs = 60_000;

/** Names in settings are letters, digits and underscores only. */
export const settingName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '_');

/** Finds the clients of subgraphs, and keeps those that only a supergraph knows for as long as one uses them. */
export function createClients({ clients, connect, log }: ClientsOptions): SubgraphClients {
  const connected = new Map<string, Connected>();

  const close = async (key: string, { client }: Connected) => {
    connected.delete(key);
    await client.close().catch((error: unknown) => log.warn({ subgraph: client.name, error }, 'a client did not close cleanly'));
  };
  const find = (subgraph: NamedSubgraph): readonly [string | undefined, SubgraphClient | undefined] => {
    const ours = clients.get(subgraph.name) ?? clients.get(settingName(subgraph.name));
    if (ours) return [undefined, ours];
    const key = `${subgraph.name} ${subgraph.url}`;
    const known = connected.get(key)?.client ?? connect?.(subgraph.name, subgraph.url);
    if (known && !connected.has(key)) connected.set(key, { client: known, leases: 0 });
    return [key, known];
  };
  const hold = (key: string) => {
    const entry = connected.get(key);
    if (!entry) return;
    clearTimeout(entry.closing);
    entry.leases += 1;
  };
  const release = (key: string) => {
    const entry = connected.get(key);
    if (!entry) return;
    entry.leases -= 1;
    if (entry.leases === 0) entry.closing = setTimeout(() => void close(key, entry), lingerMs).unref();
  };

  return {
    lease: (subgraphs) => {
      const found = subgraphs.map((subgraph) => [subgraph.name, ...find(subgraph)] as const);
      const keys = found.flatMap(([, key, client]) => (key && client ? [key] : []));
      for (const key of keys) hold(key);
      const unserved = found.flatMap(([name, , client]) => (client ? [] : [name]));
      if (unserved.length > 0) {
        for (const key of keys) release(key);
        throw new Error(unservedMessage(unserved));
      }
      return {
        clients: new Map(found.flatMap(([name, , client]) => (client ? [[name, client] as const] : []))),
        release: () => keys.forEach(release),
      };
    },
    close: async () => {
      const all = [...connected];
      for (const [, { closing }] of all) clearTimeout(closing);
      await Promise.all(all.map(([key, entry]) => close(key, entry)));
    },
  };
}

const unservedMessage = (names: readonly string[]): string =>
  `it names subgraphs that nobody serves: ${names.join(', ')}\nmend: set ${names
    .map((name) => `SUBGRAPH_${settingName(name).toUpperCase()}_URL`)
    .join(' and ')}, or compose the supergraph without them`;
