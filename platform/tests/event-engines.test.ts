import { createInProcessEngine } from '../src/in-process-bus.ts';
import { createTestDatabase } from '../src/test-database.ts';
import { describeEngine } from './support/event-engines.ts';
import { postgresUnderTest } from './support/postgres-engine.ts';

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
