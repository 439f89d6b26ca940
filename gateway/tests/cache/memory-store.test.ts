import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { Touched } from '../../src/cache/touched.ts';
import { describeStore, momentOf } from './support/stores.ts';

describeStore('in memory', { open: (now) => Promise.resolve(createMemoryStore({ bytes: 1_000_000, now })) });

describe('bounds', () => {
  test('it holds no more bytes than it may; what was asked for lately stays', async () => {
    const bytes = 200_000;
    const store = createMemoryStore({ bytes });
    const text = 'x'.repeat(1_000);
    const keys = Array.from({ length: 500 }, (_, index) => `key ${index}`);
    for (const key of keys) {
      store.keep([{ key, text, tags: ['T:1'], expiresAt: Date.now() + 60_000 }], await momentOf(store));
      await store.find(['key 0']);
    }
    const { entries } = await store.find(keys);
    const kept = entries.filter((entry) => entry !== undefined).length;
    expect(kept * text.length * 2).toBeLessThanOrEqual(bytes);
    expect(kept).toBeGreaterThan(50);
    expect([entries[0], entries[1], entries.at(-1)].map((entry) => entry !== undefined)).toEqual([true, false, true]);
  });

  test('what is larger than all of it is not kept', async () => {
    const store = createMemoryStore({ bytes: 10_000 });
    const expiresAt = Date.now() + 60_000;
    store.keep([{ key: 'small', text: 'x', tags: [], expiresAt }], await momentOf(store));
    store.keep([{ key: 'large', text: 'x'.repeat(10_000), tags: [], expiresAt }], await momentOf(store));
    expect((await store.find(['small', 'large'])).entries.map((entry) => entry?.text)).toEqual(['x', undefined]);
  });

  test('touches that are forgotten count as touches of everything', () => {
    const touched = new Touched(2);
    touched.touch(['a']);
    const moment = touched.now;
    touched.touch(['b']);
    expect([touched.isFresh(['c'], moment), touched.isFresh(['b'], moment), touched.isFresh(['a'], moment)]).toEqual([true, false, true]);
    touched.touch(['c']);
    expect(touched.isFresh(['b'], moment)).toBe(false);
    expect(touched.isFresh(['x'], moment)).toBe(true);
    touched.touch(['d']);
    expect(touched.isFresh(['b'], moment)).toBe(false);
    expect(touched.isFresh(['x'], moment)).toBe(false);
    expect(touched.isFresh(['x'], touched.now)).toBe(true);
  });
});
