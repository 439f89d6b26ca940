import DataLoader from 'dataloader';

const maxBatchSize = 500;

/** Loads rows by a unique key in one query for all keys of a tick; a missing row is null, never an error. */
export function loadById<Key extends string, Row>(
  find: (keys: readonly Key[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => Key,
): DataLoader<Key, Row | null> {
  return new DataLoader<Key, Row | null>(
    async (keys) => {
      const rows = new Map((await find(keys)).map((row) => [keyOf(row), row]));
      return keys.map((key) => rows.get(key) ?? null);
    },
    { maxBatchSize },
  );
}

/** Loads all rows that share a key, in the order in which the query gave them; none is an empty list. */
export function loadManyBy<Key extends string, Row>(
  find: (keys: readonly Key[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => Key,
): DataLoader<Key, readonly Row[]> {
  return new DataLoader<Key, readonly Row[]>(
    async (keys) => {
      const groups = new Map<Key, Row[]>(keys.map((key) => [key, []]));
      for (const row of await find(keys)) groups.get(keyOf(row))?.push(row);
      return keys.map((key) => groups.get(key) ?? []);
    },
    { maxBatchSize },
  );
}
