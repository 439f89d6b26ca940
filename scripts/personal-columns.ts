import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { PersonalData } from '@supergraph/platform/personal-data';
import { getTableColumns, getTableName, is } from 'drizzle-orm';
import { PgArray, type PgColumn, PgTable, PgUUID } from 'drizzle-orm/pg-core';
import { listDomains, repository } from './domains.ts';

/**
 * Names of columns that hold ids of things, never of people. Every other column of ids has to be declared by its
 * domain, so that a new name is looked at once: it belongs here, or into the domain's `personalData`.
 */
export const things: ReadonlySet<string> = new Set([
  'id',
  'event_id',
  // Tenants and what they have.
  'organization_id',
  'seller_id',
  'role_id',
  'default_role_id',
  'join_role_id',
  'team_id',
  'team_ids',
  'membership_id',
  // Accounts' own records.
  'device_id',
  'email_change_id',
  'export_id',
  'file_id',
  'flow_id',
  'registration_id',
  'session_id',
  'set_id',
  // Goods.
  'bundle_id',
  'category_id',
  'category_ids',
  'component_id',
  'order_id',
  'order_line_id',
  'ordered_variant_id',
  'parent_id',
  'path',
  'product_id',
  'reservation_id',
  'type_id',
  'variant_id',
  'warehouse_id',
  // What people say and hear.
  'conversation_id',
  'message_id',
  'notification_id',
  'participant_id',
  'reply_to_id',
  'review_id',
]);

/** Columns whose names mean people elsewhere and things here. */
export const thingsHere: ReadonlySet<string> = new Set([
  'reviews.reviews.owner_id',
  'reviews.reviews.subject_id',
  'reviews.subjects.owner_id',
  'reviews.entitlements.subject_id',
]);

/** What the rule looks at of a domain. */
export interface Kept {
  readonly name: string;
  /** What `db/<name>/tables.ts` exports. */
  readonly tables: Readonly<Record<string, unknown>>;
  readonly definition: { readonly tables: { readonly idempotency?: unknown }; readonly personalData?: PersonalData };
}

const inSnakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const holdsIds = (column: unknown): boolean => is(column, PgUUID) || (is(column, PgArray) && is(column.baseColumn, PgUUID));

/** The columns of ids that may be people's and are not declared, and answers to retries that nobody forgets. */
export function undeclaredColumns({ name, tables, definition }: Kept): string[] {
  const declared = new Set<PgColumn>(definition.personalData?.columns.map(({ column }) => column));
  const problems: string[] = [];
  for (const table of Object.values(tables)) {
    if (!is(table, PgTable)) continue;
    for (const column of Object.values(getTableColumns(table))) {
      const called = inSnakeCase(column.name);
      const path = `${name}.${getTableName(table)}.${called}`;
      if (!holdsIds(column) || declared.has(column) || things.has(called) || thingsHere.has(path)) continue;
      problems.push(`${path} may hold ids of people, and ${name} does not say what becomes of them`);
    }
  }
  if (tables['idempotency'] && !definition.tables.idempotency)
    problems.push(`${name} keeps answers to retries, which name people, and its index.ts does not hand the table over`);
  return problems;
}

/** What every domain has to declare and has not. */
export async function auditPersonalData(domains: readonly string[] = listDomains()): Promise<string[]> {
  const load = (path: string): Promise<Record<string, unknown>> => import(pathToFileURL(join(repository, path)).href);
  const problems: string[] = [];
  for (const name of domains) {
    const tables = await load(`db/${name}/tables.ts`);
    const { subgraph } = await load(`subgraphs/${name}/index.ts`);
    problems.push(...undeclaredColumns({ name, tables, definition: subgraph as Kept['definition'] }));
  }
  return problems;
}
