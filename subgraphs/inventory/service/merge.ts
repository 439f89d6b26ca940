/** Reads several streams at once, each in its own order; ends when all have ended, fails when one fails. */
export async function* merge<Item>(sources: readonly AsyncGenerator<Item, void>[]): AsyncGenerator<Item, void> {
  type Turn = { readonly source: AsyncGenerator<Item, void>; readonly result: IteratorResult<Item, void> };
  const read = async (source: AsyncGenerator<Item, void>): Promise<Turn> => ({ source, result: await source.next() });
  const turns = new Map(sources.map((source) => [source, read(source)]));
  try {
    while (turns.size > 0) {
      const { source, result } = await Promise.race(turns.values());
      if (result.done) {
        turns.delete(source);
        continue;
      }
      turns.set(source, read(source));
      yield result.value;
    }
  } finally {
    // Not waited for: a source that waits for its next item ends with its signal.
    void Promise.allSettled(sources.map((source) => source.return()));
  }
}
