import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterCommit } from '../src/after-commit.ts';
import { type Database, observeQueries, openDatabase } from '../src/database.ts';
import { createInProcessEngine } from '../src/in-process-bus.ts';
import { createTestDatabase, type TestDatabase } from '../src/test-database.ts';
import { countedEvent, openProbe, type Probe } from './support/probe.ts';
import { until } from './support/until.ts';

let server: TestDatabase;
let database: Database;
let probe: Probe;

beforeAll(async () => {
  server = await createTestDatabase();
  database = openDatabase({ url: server.ownerUrl, domain: null });
  probe = await openProbe(server.ownerUrl);
});
afterAll(async () => {
  await probe?.close();
  await database?.close();
  await server?.drop();
});

describe('what is done after a commit', () => {
  const told: string[] = [];
  const tell = () => told.push('told');
  beforeEach(() => told.splice(0));

  test('waits for the outermost transaction, and is done once', async () => {
    await database.db.transaction(async (tx) => {
      afterCommit(tell);
      await tx.transaction(async (inner) => {
        await inner.execute(sql`select 1`);
        afterCommit(tell);
      });
      await tx.execute(sql`select 1`);
      expect(told).toEqual([]);
    });
    expect(told).toEqual(['told']);
  });

  test('is not done when the transaction is rolled back', async () => {
    const failing = database.db.transaction(async (tx) => {
      afterCommit(tell);
      await tx.execute(sql`select 1 / 0`);
    });
    await expect(failing).rejects.toThrow();
    expect(told).toEqual([]);
  });

  test('is done at once outside of a transaction, and by what outlives one', async () => {
    afterCommit(tell);
    expect(told).toEqual(['told']);
    const outliving = Promise.withResolvers<void>();
    await database.db.transaction(async () => {
      void (async () => {
        await sleep(50);
        afterCommit(tell);
        outliving.resolve();
      })();
    });
    await outliving.promise;
    expect(told).toEqual(['told', 'told']);
  });

  test('belongs to its own transaction, not to one beside it', async () => {
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const slow = database.db.transaction(async (tx) => {
      entered.resolve();
      await leave.promise;
      await tx.execute(sql`select 1`);
    });
    await entered.promise;
    await database.db.transaction(async () => afterCommit(tell));
    expect(told).toEqual(['told']);
    leave.resolve();
    await slow;
    expect(told).toEqual(['told']);
  });
});

test('an event costs its relay one round, which begins after the commit', async () => {
  const contract = countedEvent();
  const engine = createInProcessEngine();
  const relay = probe.relay(engine);
  relay.start();
  const statements: string[] = [];
  const stop = observeQueries((statement) => {
    // What it asks every second, whatever it was told.
    if (!statement.startsWith('select "position" from')) statements.push(statement.trim());
  });
  try {
    await probe.db.transaction(async (tx) => {
      await probe.emitIn(tx, contract, { key: 'a', number: 1 }, () => afterCommit(relay.wake));
      // Time enough for a look that would find nothing.
      await sleep(50);
    });
    await until(() => statements.filter((statement) => statement.startsWith('commit')).length === 2);
    const [written, carried] = [statements.slice(0, 3), statements.slice(3)].map((part) => part.map((text) => text.split(/\s/, 1)[0]));
    expect(written).toEqual(['begin', 'insert', 'commit']);
    expect(carried).toEqual(['begin', 'select', 'select', 'update', 'commit']);
    expect(statements[4]).toContain('pg_try_advisory_xact_lock');
    await until(async () => (await probe.unpublished()) === 0);
  } finally {
    stop();
    await relay.stop();
    await engine.close();
  }
});
