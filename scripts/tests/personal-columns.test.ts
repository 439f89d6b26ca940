import { definePersonalData, goes, stays } from '@supergraph/platform/personal-data';
import { idempotencyTable } from '@supergraph/platform/columns';
import { personalDataEvents } from '@supergraph/schema/events/platform';
import { getTableColumns, is } from 'drizzle-orm';
import { PgArray, pgSchema, PgTable, PgUUID, text, uuid } from 'drizzle-orm/pg-core';
import { join } from 'node:path';
import { listDomains, repository } from '../domains.ts';
import { auditPersonalData, things, thingsHere, undeclaredColumns } from '../personal-columns.ts';

const schema = pgSchema('loyalty');
const points = schema.table('points', {
  id: uuid().primaryKey(),
  organizationId: uuid(),
  collectorId: uuid(),
  friendIds: uuid().array(),
  note: text(),
});
const declare = (columns: Parameters<typeof definePersonalData>[0]['columns']) =>
  definePersonalData({ events: personalDataEvents('loyalty'), columns, holdings: [] });

test('every domain says of each column that may hold ids of people what becomes of them', async () => {
  expect(listDomains().length).toBeGreaterThan(6);
  expect(await auditPersonalData()).toEqual([]);
});

test('a column of ids with a name that nobody looked at is a problem until its domain declares it, alone or in a list', () => {
  const problems = (columns: Parameters<typeof declare>[0]) =>
    undeclaredColumns({ name: 'loyalty', tables: { points }, definition: { tables: {}, personalData: declare(columns) } });
  expect(problems([])).toEqual([
    expect.stringContaining('loyalty.points.collector_id'),
    expect.stringContaining('loyalty.points.friend_ids'),
  ]);
  expect(problems(goes(points.collectorId))).toEqual([expect.stringContaining('loyalty.points.friend_ids')]);
  expect(problems([...goes(points.collectorId), ...stays('friends', points.friendIds)])).toEqual([]);
});

test('a domain without any declaration is no exception', () => {
  expect(undeclaredColumns({ name: 'loyalty', tables: { points }, definition: { tables: {} } })).toHaveLength(2);
});

test('answers to retries have to be handed over, so that they are forgotten', () => {
  const tables = { idempotency: idempotencyTable(schema) };
  expect(undeclaredColumns({ name: 'loyalty', tables, definition: { tables: {} } })).toEqual([
    expect.stringContaining('answers to retries'),
  ]);
  expect(undeclaredColumns({ name: 'loyalty', tables, definition: { tables } })).toEqual([]);
});

test('no name stands among the things that no column bears', async () => {
  const born = new Set<string>();
  for (const domain of listDomains()) {
    const tables = (await import(join(repository, 'db', domain, 'tables.ts'))) as Record<string, unknown>;
    for (const table of Object.values(tables)) {
      if (!is(table, PgTable)) continue;
      for (const [key, column] of Object.entries(getTableColumns(table)))
        if (is(column, PgUUID) || is(column, PgArray)) born.add(key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
    }
  }
  expect([...things, ...[...thingsHere].map((path) => path.split('.')[2] ?? '')].filter((name) => !born.has(name))).toEqual([]);
});
