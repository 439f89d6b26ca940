import type { CacheStore, Entry, Kept, Moment } from '../../../src/cache/store.ts';

export interface StoreUnderTest {
  /** A store that has nothing yet; `now` is the clock that entries grow old by. */
  open(now: () => number): Promise<CacheStore>;
}

/** The moment that something begins at; fails while the store keeps nothing. */
export async function momentOf(store: CacheStore): Promise<Moment> {
  const { moment } = await store.find([]);
  if (!moment) throw new Error('the store keeps nothing');
  return moment;
}

/** What every store promises. */
export function describeStore(name: string, { open }: StoreUnderTest): void {
  describe(name, () => {
    let store: CacheStore;
    let time = Date.now();
    beforeEach(async () => {
      store = await open(() => time);
    });
    afterEach(() => store.close());

    const momentNow = () => momentOf(store);
    const texts = async (...keys: string[]) => (await store.find(keys)).entries.map((entry: Kept | undefined) => entry?.text);
    const entry = (key: string, tags: readonly string[] = [], overrides: Partial<Entry> = {}): Entry => ({
      key,
      text: `text of ${key}`,
      tags,
      expiresAt: time + 60_000,
      ...overrides,
    });
    const keep = async (...entries: Entry[]) => store.keep(entries, await momentNow());

    test('what was kept is found, in the order of the keys', async () => {
      await keep(entry('a'), entry('b', ['T:1', 'T']));
      expect(await texts('b', 'none', 'a')).toEqual(['text of b', undefined, 'text of a']);
      const [found] = (await store.find(['a'])).entries;
      expect(found?.expiresAt).toBe(time + 60_000);
    });

    test('texts and tags may hold anything', async () => {
      const text = '{"a":"ü\\n\n\t \u2028 日本 🙂"}\n\nsecond\n';
      const tags = ['T:with space', 'T:tab\tand\nline', 'T:ü', 'T:\u0000'];
      await keep(entry('k\n\t ü', tags, { text }));
      expect(await texts('k\n\t ü')).toEqual([text]);
      for (const tag of tags) {
        await keep(entry('again', tags, { text }));
        expect(await texts('again')).toEqual([text]);
        store.touch([tag]);
        expect(await texts('again')).toEqual([undefined]);
      }
    });

    test('it is gone when its time is over', async () => {
      await keep(entry('short', [], { expiresAt: time + 1_000 }), entry('long'));
      time += 1_000;
      expect(await texts('short', 'long')).toEqual([undefined, 'text of long']);
      await keep(entry('past', [], { expiresAt: time }));
      expect(await texts('past')).toEqual([undefined]);
    });

    test('a touch outdates what carries the tag, and nothing else', async () => {
      await keep(entry('one', ['T:1', '@d']), entry('two', ['T:2', '@d']), entry('both', ['T:1', 'T:2']), entry('none'));
      store.touch(['T:1', 'T:3']);
      expect(await texts('one', 'two', 'both', 'none')).toEqual([undefined, 'text of two', undefined, 'text of none']);
      await keep(entry('one', ['T:1']));
      expect(await texts('one')).toEqual(['text of one']);
      store.touch(['@d']);
      expect(await texts('one', 'two')).toEqual(['text of one', undefined]);
    });

    test('what was begun before a touch is not kept after it', async () => {
      const before = await momentNow();
      store.touch(['T:1']);
      store.keep([entry('late', ['T:1']), entry('other', ['T:2'])], before);
      expect(await texts('late', 'other')).toEqual([undefined, 'text of other']);
    });

    test('clearing outdates everything, also what was begun before', async () => {
      const before = await momentNow();
      await keep(entry('a'));
      store.clear();
      store.keep([entry('b')], before);
      await ready(store);
      expect(await texts('a', 'b')).toEqual([undefined, undefined]);
      await keep(entry('a'));
      expect(await texts('a')).toEqual(['text of a']);
    });

    test('many tags', async () => {
      const tags = Array.from({ length: 2_000 }, (_, index) => `T:${index}`);
      await keep(entry('many', tags));
      expect(await texts('many')).toEqual(['text of many']);
      store.touch(tags.slice(-1));
      expect(await texts('many')).toEqual([undefined]);
    });
  });
}

/** Waits until the store keeps again. */
export async function ready(store: CacheStore): Promise<void> {
  const limit = Date.now() + 10_000;
  while ((await store.find([])).moment === undefined) {
    if (Date.now() > limit) throw new Error('the store does not keep anything');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
