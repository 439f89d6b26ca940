import { createArena } from './arena.ts';
import { contexts } from './cases/contexts.ts';
import { fieldSets } from './cases/field-sets.ts';
import { interfaces } from './cases/interfaces.ts';
import { keyCases } from './cases/keys.ts';
import { operationCases } from './cases/operations.ts';
import { sharing } from './cases/sharing.ts';
import { toComparable } from './compare.ts';

/* Rules of Federation 2 that users meet, each with answers that were worked out by hand. */

describe.each([...interfaces, ...fieldSets, ...keyCases, ...sharing, ...contexts, ...operationCases])('$rule', ({ subgraphs, cases }) => {
  const arena = createArena(subgraphs);
  beforeEach(() => {
    for (const service of arena.services) service.requests.length = 0;
  });
  test.each(cases)('$name', async ({ document, variables, data, errors = [], asked, labels = [] }) => {
    const overrides = new Map(labels.map((label) => [label, true]));
    const answer = await arena.runOurs(document, variables, { overrides });
    const requests = arena.services.flatMap(({ name, requests: made }) => made.map(() => name));
    const told = answer.errors.map(({ path, extensions }) => [path, extensions?.['code']]);
    const wanted = errors.map(([path, code]) => [path, code === 'any' ? expect.any(String) : code]);
    expect({ data: answer.data, errors: told }).toEqual({ data, errors: wanted });
    // Keys stand in the order in which they were asked for.
    expect(JSON.stringify(answer.data)).toBe(JSON.stringify(data));
    if (asked) expect(requests.toSorted()).toEqual(asked);
    expect(toComparable(await arena.runOurs(document, variables, { overrides, inClosures: true }))).toEqual(toComparable(answer));
  });
});
