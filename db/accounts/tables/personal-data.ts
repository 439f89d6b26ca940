import { answersTable, createdAt, id, keepersTable, moment } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { bigint, customType, foreignKey, index, integer, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core';
import { users } from './people.ts';
import { accounts, exportStatus } from './schema.ts';

const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' });

/** The domains that hold data of people, as each of them told at its last start. */
export const personalDataDomains = keepersTable(accounts, 'personal_data_domains');

/** Who was asked to erase what is held of an erased person, and has. */
export const personErasures = answersTable(accounts, 'person_erasures', 'user_id', (table) => [
  foreignKey({ name: 'person_erasures_user', columns: [table.subjectId], foreignColumns: [users.id] }),
  index('person_erasures_silent')
    .on(table.askedAt)
    .where(sql`${table.doneAt} is null`),
]);

/** Copies of their data that people asked for. */
export const dataExports = accounts.table(
  'data_exports',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    status: exportStatus().notNull().default('PREPARING'),
    requestedAt: moment().notNull(),
    /** How often it was carried on; the waits grow with it. */
    attempts: integer().notNull().default(0),
    /** How much was collected so far, of all files; in bytes of JSON. */
    bytes: bigint({ mode: 'number' }).notNull().default(0),
    readyAt: moment(),
    /** When its files are removed. */
    expiresAt: moment(),
  },
  (table) => [
    index('data_exports_person').on(table.userId, table.requestedAt),
    index('data_exports_open')
      .on(table.requestedAt)
      .where(sql`${table.status} in ('PREPARING', 'READY')`),
  ],
);

/** What one domain holds in one collection. */
export const dataExportFiles = accounts.table(
  'data_export_files',
  {
    id: id(),
    exportId: uuid()
      .notNull()
      .references(() => dataExports.id, { onDelete: 'cascade' }),
    domain: text().notNull(),
    holding: text().notNull(),
    description: text().notNull(),
    /** Where the domain's next page begins. */
    next: text(),
    /** How many parts are there. */
    parts: integer().notNull().default(0),
    /** Of the JSON. */
    bytes: bigint({ mode: 'number' }).notNull().default(0),
    completedAt: moment(),
  },
  (table) => [unique('data_export_files_name').on(table.exportId, table.domain, table.holding)],
);

/** A stretch of a file: compressed, then encrypted. */
export const dataExportParts = accounts.table(
  'data_export_parts',
  {
    fileId: uuid()
      .notNull()
      .references(() => dataExportFiles.id, { onDelete: 'cascade' }),
    position: integer().notNull(),
    sealed: bytea().notNull(),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ name: 'data_export_parts_key', columns: [table.fileId, table.position] })],
);
