import type { Log } from '@supergraph/platform/log';
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';

/** Texts of operations by their SHA-256 in hexadecimal digits. */
export interface QueryStore {
  /** Never rejects: what cannot be looked up is not there, and the client sends it again. */
  get(hash: string): Promise<string | undefined>;
  set(hash: string, query: string): void;
}

const keptCharacters = 16_777_216;
const prefix = 'supergraph:apq:';
const keptSeconds = 86_400;

/** Keeps what was asked last in memory, and for a day in Redis where several gateways share it. */
export function createQueryStore(options: { readonly redis?: Redis | undefined; readonly log: Log }): QueryStore {
  const { redis, log } = options;
  const own = new LRUCache<string, string>({ maxSize: keptCharacters, sizeCalculation: (query) => query.length + 1 });
  const missed = (error: unknown) => log.debug({ error }, 'a persisted query could not be shared');
  return {
    get: async (hash) => {
      const known = own.get(hash);
      if (known !== undefined || !redis) return known;
      try {
        const query = await redis.get(prefix + hash);
        if (query === null) return undefined;
        own.set(hash, query);
        return query;
      } catch (error) {
        missed(error);
        return undefined;
      }
    },
    set: (hash, query) => {
      if (own.has(hash)) return;
      own.set(hash, query);
      redis?.set(prefix + hash, query, 'EX', keptSeconds).catch(missed);
    },
  };
}
