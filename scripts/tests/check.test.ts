import { chooseSteps, compact, runSteps } from '../check.ts';
import { drawGraph, listEventLinks } from '../graph.ts';

test('every step runs, and the end lists what failed with its mend', async () => {
  const lines: string[] = [];
  const fine = await runSteps(
    [
      { name: 'one', mend: 'mend one', run: () => ({ problems: ['a.ts is wrong'] }) },
      { name: 'two', mend: 'mend two', run: () => Promise.reject(new Error('broke')) },
      { name: 'three', mend: 'mend three', run: () => ({ problems: [], notes: ['a note'] }) },
    ],
    (text) => lines.push(text),
  );
  expect(fine).toBe(false);
  const text = lines.join('\n');
  expect(text).toMatch(/FAILED one .*\n {4}a\.ts is wrong\nFAILED two .*\n {4}broke\nok {5}three .*\n {4}a note/);
  expect(text).toMatch(/2 of 3 failed:\n {2}one\n {4}mend: mend one\n {2}two\n {4}mend: mend two$/);
});

test('steps are chosen by name, and a name that no step has is refused with those there are', () => {
  const all = ['types', 'lint'].map((name) => ({ name, mend: '', run: () => ({ problems: [] }) }));
  expect(chooseSteps(all, [])).toEqual(all);
  expect(chooseSteps(all, ['lint'])).toEqual([all[1]]);
  expect(() => chooseSteps(all, ['type'])).toThrow('there is no step "type"\nmend: name some of "types", "lint", or none');
});

test('public fields are printed by type', () => {
  expect(compact(['Query.a', 'Product.id', 'Query.b', 'Product.id'])).toBe('Query { a b }, Product { id }');
});

test('events are drawn from what consumers import and use', () => {
  const source = `import { productListed, productGone } from '@supergraph/schema/events/catalog';
export const consumers = [on(productListed, handle)];`;
  const links = listEventLinks('search', source);
  expect(links).toEqual([{ publisher: 'catalog', consumer: 'search', event: 'productListed' }]);
  const page = drawGraph(['catalog', 'search'], [{ domain: 'search', owner: 'catalog', entity: 'Product', adds: ['rank'] }], links);
  expect(page).toContain('  search -->|"Product: rank"| catalog');
  expect(page).toContain('  catalog -.->|"productListed"| search');
});
