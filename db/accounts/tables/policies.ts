import { createdAt, id, moment } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { index, integer, text, uuid } from 'drizzle-orm/pg-core';
import { accounts, policyState } from './schema.ts';

/** What administrators forbid beyond the SDL's rules, in Cedar. */
export const policies = accounts.table(
  'policies',
  {
    id: id(),
    name: text().notNull(),
    text: text().notNull(),
    state: policyState().notNull().default('DRAFT'),
    version: integer().notNull().default(1),
    createdById: uuid().notNull(),
    createdAt: createdAt(),
    updatedAt: moment().notNull(),
  },
  (table) => [
    index('policies_page').on(table.state, table.id),
    index('policies_active')
      .on(table.id)
      .where(sql`${table.state} = 'ACTIVE'`),
  ],
);
