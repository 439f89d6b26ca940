import { pauseBeforeNextTry } from '../src/delivery.ts';
import { createInProcessEngine } from '../src/in-process-bus.ts';
import { createTestDatabase } from '../src/test-database.ts';
import { describeEngine } from './support/event-engines.ts';
import { postgresUnderTest } from './support/postgres-engine.ts';

test('the tries of an event that is always refused take less than 5 s', () => {
  const pauses: number[] = [];
  for (let pause; (pause = pauseBeforeNextTry(new Error('always'), pauses.length + 1)) !== undefined;) pauses.push(pause);
  expect(pauses).toHaveLength(4);
  expect(pauses.reduce((sum, pause) => sum + pause)).toBeLessThan(5_000);
});

let database: ReturnType<typeof createTestDatabase> | undefined;

describeEngine('in one process', {
  databaseUrl: async () => (await (database ??= createTestDatabase())).ownerUrl,
  open: () => Promise.resolve(createInProcessEngine()),
  close: async () => (await database)?.drop(),
});

describeEngine(
  'over PostgreSQL',
  postgresUnderTest(async () => {
    const { ownerUrl, drop } = await createTestDatabase();
    return { url: ownerUrl, drop };
  }),
);
