import { LRUCache } from 'lru-cache';
import type { CacheStore, Entry, Kept } from './store.ts';
import { Touched } from './touched.ts';

interface Stored extends Kept {
  readonly tags: readonly string[];
  /** Nothing of it was touched up to this moment. */
  freshAt: number;
}

export interface MemoryStoreOptions {
  /** The bound of everything that is kept together. */
  readonly bytes: number;
  readonly now?: () => number;
  /** How many tags are remembered one by one after they were touched. */
  readonly tagsRemembered?: number;
}

/** What the objects around an entry's texts take, in bytes. */
const entryCost = 400;
const tagCost = 40;

/** An upper bound of what an entry takes: a character is at most two bytes. */
const sizeOf = ({ text, tags }: Pick<Entry, 'text' | 'tags'>, key: string): number =>
  entryCost + 2 * (key.length + text.length) + tags.reduce((sum, tag) => sum + tagCost + 2 * tag.length, 0);

/** Keeps texts in this process; what was not asked for the longest goes first. */
export function createMemoryStore({ bytes, now = Date.now, tagsRemembered = 20_000 }: MemoryStoreOptions): CacheStore {
  const entries = new LRUCache<string, Stored>({ maxSize: bytes, sizeCalculation: sizeOf });
  const touched = new Touched(tagsRemembered);

  const find = (key: string): Kept | undefined => {
    const stored = entries.get(key);
    if (!stored) return undefined;
    if (stored.expiresAt > now() && (stored.freshAt === touched.now || touched.isFresh(stored.tags, stored.freshAt))) {
      stored.freshAt = touched.now;
      return stored;
    }
    entries.delete(key);
    return undefined;
  };
  return {
    find: (keys) => ({ entries: keys.map(find), moment: { epoch: '', touches: touched.now } }),
    keep: (list, { touches }) => {
      for (const { key, text, tags, expiresAt } of list)
        if (expiresAt > now() && touched.isFresh(tags, touches)) entries.set(key, { text, tags, expiresAt, freshAt: touched.now });
    },
    touch: (tags) => touched.touch(tags),
    clear: () => {
      touched.clear();
      entries.clear();
    },
    close: () => {
      entries.clear();
      return Promise.resolve();
    },
  };
}
