import { createRequire } from 'node:module';
import type * as DrizzleKit from 'drizzle-kit/api';
import { eq, sql } from 'drizzle-orm';
import { pgSchema, text, uuid } from 'drizzle-orm/pg-core';
import postgres from 'postgres';
import {
  deadLetterTable,
  id,
  idempotencyTable,
  inboxTable,
  outboxTable,
  personOnly,
  publicRead,
  tenantOnly,
  tenantOrNone,
  tsvector,
} from '../src/columns.ts';
import {
  asPerson,
  asTenant,
  DatabaseUnavailable,
  inScope,
  inTenant,
  NoTenantChosen,
  observeQueries,
  openDatabase,
  type Database,
} from '../src/database.ts';
import { withDeadline } from '../src/deadline.ts';
import { migrateDomain } from '../src/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../src/test-database.ts';
import { writeMigrations } from './support/migrations.ts';
import { until } from './support/until.ts';

const probe = pgSchema('probe');
const notes = probe.table('notes', { id: id(), organizationId: uuid().notNull(), body: text().notNull(), words: tsvector() }, (table) => [
  tenantOnly(table.organizationId),
  publicRead('open notes', sql`${table.body} = 'open'`),
]);
const diaries = probe.table('diaries', { id: id(), userId: uuid().notNull() }, (table) => [personOnly(table.userId)]);
const labels = probe.table('labels', { id: id(), organizationId: uuid() }, (table) => [tenantOrNone(table.organizationId)]);
const outbox = outboxTable(probe);
const tables = {
  probe,
  notes,
  diaries,
  labels,
  outbox,
  inbox: inboxTable(probe),
  idempotency: idempotencyTable(probe),
  deadLetter: deadLetterTable(probe),
};

const [acme, globex, ann, bob] = Array.from({ length: 4 }, () => crypto.randomUUID()) as [string, string, string, string];
let server: TestDatabase;
let database: Database;

beforeAll(async () => {
  server = await createTestDatabase();
  await migrateDomain({
    ownerUrl: server.ownerUrl,
    domain: 'probe',
    migrationsFolder: writeMigrations({ '0000_init': await generatedSql() }),
  });
  database = openDatabase({ url: server.url, domain: 'probe', poolSize: 3, queueSize: 20 });
});
afterAll(async () => {
  await database?.close();
  await server?.drop();
});
beforeEach(async () => {
  const owner = openOwner();
  await owner`truncate probe.notes, probe.diaries, probe.labels`;
  await owner.end();
});

/** What `npm run migration` would write for these tables. */
async function generatedSql(): Promise<string> {
  const { generateDrizzleJson, generateMigration } = createRequire(import.meta.url)('drizzle-kit/api') as typeof DrizzleKit;
  const empty = generateDrizzleJson({}, undefined, undefined, 'snake_case');
  return (await generateMigration(empty, generateDrizzleJson(tables, empty.id, ['probe'], 'snake_case'))).join(
    '\n--> statement-breakpoint\n',
  );
}

function openOwner() {
  return postgres(server.ownerUrl, { max: 1, fetch_types: false, onnotice: () => undefined });
}

const write = (organizationId: string, body = 'a') =>
  asTenant(database.db, organizationId, (tx) => tx.insert(notes).values({ organizationId, body }));
const scopeOf = (organization: string | null, userId: string | null) => ({
  db: database.db,
  organization: organization === null ? null : { id: organization },
  viewer: userId === null ? null : { userId },
});

describe('the doors to protected rows', () => {
  test('no tenant and another tenant see no row, the own one sees it', async () => {
    await write(acme);
    expect(await database.db.select().from(notes)).toEqual([]);
    expect(await asTenant(database.db, globex, (tx) => tx.select().from(notes))).toEqual([]);
    expect(await inTenant(scopeOf(acme, null), (tx) => tx.select().from(notes))).toHaveLength(1);
  });

  test('a row without a tenant, or of another one, cannot be written', async () => {
    await expect(database.db.insert(notes).values({ organizationId: acme, body: 'a' })).rejects.toMatchObject({ cause: { code: '42501' } });
    await expect(asTenant(database.db, globex, (tx) => tx.insert(notes).values({ organizationId: acme, body: 'a' }))).rejects.toMatchObject(
      { cause: { code: '42501' } },
    );
    await write(acme);
    await asTenant(database.db, globex, (tx) => tx.update(notes).set({ body: 'stolen' }));
    await expect(asTenant(database.db, acme, (tx) => tx.update(notes).set({ organizationId: globex }))).rejects.toMatchObject({
      cause: { code: '42501' },
    });
    expect(await asTenant(database.db, acme, (tx) => tx.select().from(notes))).toMatchObject([{ body: 'a' }]);
  });

  test('the tenant does not outlive its transaction on a pooled connection', async () => {
    await write(acme);
    for (let turn = 0; turn < 10; turn += 1) {
      await asTenant(database.db, acme, (tx) => tx.select().from(notes));
      expect(await database.db.select().from(notes)).toEqual([]);
    }
  });

  test('without a chosen organization the door stays closed', async () => {
    await expect(inTenant(scopeOf(null, ann), (tx) => tx.select().from(notes))).rejects.toBeInstanceOf(NoTenantChosen);
  });

  test('rows of a person are seen by that person alone', async () => {
    await asPerson(database.db, ann, (tx) => tx.insert(diaries).values({ userId: ann }));
    expect(await asPerson(database.db, ann, (tx) => tx.select().from(diaries))).toHaveLength(1);
    expect(await asPerson(database.db, bob, (tx) => tx.select().from(diaries))).toEqual([]);
    expect(await inScope(scopeOf(acme, ann), (tx) => tx.select().from(diaries))).toHaveLength(1);
    expect(await inScope(scopeOf(null, null), (tx) => tx.select().from(diaries))).toEqual([]);
    expect(await asTenant(database.db, ann, (tx) => tx.select().from(diaries))).toEqual([]);
  });

  test('rows of nobody are seen by all, rows of a tenant by it alone, open rows can be read but not changed', async () => {
    await asTenant(database.db, acme, (tx) => tx.insert(labels).values([{ organizationId: acme }, { organizationId: null }]));
    expect(await database.db.select().from(labels)).toHaveLength(1);
    expect(await asTenant(database.db, acme, (tx) => tx.select().from(labels))).toHaveLength(2);
    await write(acme, 'open');
    expect(await database.db.select().from(notes)).toHaveLength(1);
    expect(await asTenant(database.db, globex, (tx) => tx.delete(notes).where(eq(notes.body, 'open')).returning())).toEqual([]);
  });

  test('a door inside a transaction ends with it, whether it succeeds or fails', async () => {
    await write(acme);
    await asTenant(database.db, acme, async (tx) => {
      await asTenant(tx, globex, async (inner) => {
        expect(await inner.select().from(notes)).toEqual([]);
        await inner.insert(notes).values({ organizationId: globex, body: 'b' });
      });
      expect(await tx.select().from(notes)).toMatchObject([{ organizationId: acme }]);
      await expect(asTenant(tx, globex, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
      expect(await tx.select().from(notes)).toMatchObject([{ organizationId: acme }]);
      await tx.transaction(async (plain) => {
        await asPerson(plain, ann, (inner) => inner.select().from(diaries));
        expect(await plain.select().from(notes)).toMatchObject([{ organizationId: acme }]);
      });
    });
    await database.db.transaction(async (tx) => {
      await asTenant(tx, acme, (inner) => inner.select().from(notes));
      expect(await tx.select().from(notes)).toEqual([]);
    });
  });

  test('two doors at once in one transaction are refused', async () => {
    const both = asTenant(database.db, acme, (tx) => Promise.all([asTenant(tx, acme, async () => 1), asTenant(tx, globex, async () => 2)]));
    await expect(both).rejects.toThrow('mend: await the first');
  });

  test('a door costs one statement more than its transaction', async () => {
    const seen: string[] = [];
    const stop = observeQueries((statement) => seen.push(statement));
    await asTenant(database.db, acme, (tx) => tx.select().from(notes));
    stop();
    expect(seen.map((statement) => statement.trim().split(' ')[0])).toEqual(['begin', 'select', 'select', 'commit']);
  });

  test('the owner of the tables is bound by the policies too, and the role owns nothing', async () => {
    const rows = await database.db.execute(sql`
      select relname, relforcerowsecurity, pg_get_userbyid(relowner) = current_user as owned from pg_class
      where relnamespace = 'probe'::regnamespace and relrowsecurity`);
    expect(rows.map(({ relforcerowsecurity, owned }) => [relforcerowsecurity, owned])).toEqual([
      [true, false],
      [true, false],
      [true, false],
    ]);
    await expect(database.db.execute(sql`create table probe.mine (id int)`)).rejects.toMatchObject({ cause: { code: '42501' } });
  });
});

describe('columns', () => {
  test('times are milliseconds in UTC, ids sort by time, the outbox counts up', async () => {
    const event = () => ({ eventId: crypto.randomUUID(), name: 'probe.thing.happened', key: 'k', envelope: { a: [1] } });
    const [first] = await database.db.insert(outbox).values(event()).returning();
    const [second] = await database.db.insert(outbox).values(event()).returning();
    expect(second!.position).toBeGreaterThan(first!.position);
    expect(first).toMatchObject({ envelope: { a: [1] }, publishedAt: null });
    expect(Math.abs(first!.createdAt.getTime() - Date.now())).toBeLessThan(10_000);
    const made = await asTenant(database.db, acme, (tx) =>
      tx
        .insert(notes)
        .values(['a', 'b', 'c'].map((body) => ({ organizationId: acme, body })))
        .returning(),
    );
    expect(made.map((row) => row.id)).toEqual(made.map((row) => row.id).sort());
  });
});

describe('deadlines', () => {
  const sleepers = async () => {
    const owner = openOwner();
    // The cluster is shared with test files that run at the same time and may sleep on purpose.
    const [row] = await owner`
      select count(*)::int as count from pg_stat_activity
      where datname = current_database() and query like 'select pg_sleep(%' and state = 'active'`;
    await owner.end();
    return row!['count'] as number;
  };
  const slow = (tx = database.db) => tx.execute(sql`select pg_sleep(20)`);

  test.each([
    ['a statement', () => slow()],
    ['a statement of a transaction', () => database.db.transaction((tx) => slow(tx))],
  ])('%s ends at the deadline, here and on the server', async (_, run) => {
    const error = await withDeadline({ deadline: Date.now() + 200 }, run).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error).toMatchObject({ reason: 'DEADLINE' });
    await until(async () => (await sleepers()) === 0);
    expect(await asTenant(database.db, acme, (tx) => tx.select().from(notes))).toEqual([]);
  });

  test('a client that leaves ends its statement', async () => {
    const leaving = new AbortController();
    const asked = withDeadline({ deadline: Date.now() + 60_000, signal: leaving.signal }, () => slow()).catch((error: unknown) => error);
    await until(async () => (await sleepers()) === 1);
    leaving.abort();
    expect(await asked).toMatchObject({ name: 'DatabaseUnavailable', reason: 'ABORTED' });
    await until(async () => (await sleepers()) === 0);
  });

  test('nothing is asked when no time is left or the client is gone', async () => {
    const seen: string[] = [];
    const stop = observeQueries((statement) => seen.push(statement));
    await expect(withDeadline({ deadline: Date.now() - 1 }, () => database.db.select().from(notes))).rejects.toMatchObject({
      reason: 'DEADLINE',
    });
    await expect(
      withDeadline({ deadline: Date.now() + 999, signal: AbortSignal.abort() }, () => database.db.select().from(notes)),
    ).rejects.toMatchObject({ reason: 'ABORTED' });
    stop();
    expect(seen).toEqual([]);
  });

  test('without a deadline a statement ends at the limit of the database', async () => {
    const hasty = openDatabase({ url: server.url, domain: 'probe', poolSize: 1, statementTimeoutMs: 500 });
    await expect(slow(hasty.db)).rejects.toMatchObject({ name: 'DatabaseUnavailable', reason: 'DEADLINE' });
    await until(async () => (await sleepers()) === 0);
    await hasty.ping();
    await hasty.close();
  });

  test('waiting for a connection counts, and a full queue refuses at once', async () => {
    const leaving = new AbortController();
    const deadline = Date.now() + 60_000;
    const busy = Array.from({ length: 3 }, () => withDeadline({ deadline, signal: leaving.signal }, () => slow()));
    await until(async () => (await sleepers()) === 3);
    const waiting = Array.from({ length: 20 }, () => withDeadline({ deadline: Date.now() + 1_000 }, () => database.ping()));
    await expect(database.db.select().from(notes)).rejects.toMatchObject({ name: 'DatabaseUnavailable', reason: 'OVERLOADED' });
    const waited = await Promise.allSettled(waiting);
    expect(waited.every((each) => each.status === 'rejected' && each.reason.reason === 'DEADLINE')).toBe(true);
    leaving.abort();
    await Promise.allSettled(busy);
    await Promise.all(Array.from({ length: 10 }, () => database.ping()));
  });

  test('a statement after the end of its transaction is refused, not run in a stranger’s', async () => {
    let escaped = database.db;
    await asTenant(database.db, acme, async (tx) => {
      escaped = tx;
    });
    await expect(escaped.select().from(notes)).rejects.toThrow();
    await database.ping();
  });

  test('faults of a statement keep their code', async () => {
    await expect(database.db.execute(sql`select 1/0`)).rejects.toMatchObject({ cause: { code: '22012' } });
  });

  test('a server that is not there is DatabaseUnavailable', async () => {
    const nowhere = openDatabase({ url: 'postgres://postgres@127.0.0.1:1/nothing', domain: 'probe' });
    await expect(nowhere.ping()).rejects.toMatchObject({ name: 'DatabaseUnavailable', reason: 'CONNECTION' });
    await expect(nowhere.db.transaction(async (tx) => void (await tx.select().from(notes)))).rejects.toBeInstanceOf(DatabaseUnavailable);
    await nowhere.close();
  });
});
