import { eq, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { z } from 'zod';
import type { OutboxTable } from './columns.ts';
import type { RequestContext } from './context.ts';
import { asTenant, type Db } from './database.ts';
import { type ErasureEvents, runEraser, type RunningEraser } from './erasure.ts';

/** What is told about the rows that domains keep of tenants. */
export type TenantRowEvents = ErasureEvents<{ organizationId: string }>;

/** How a domain erases what it keeps of a deleted tenant. */
export interface TenantRows<L = never> {
  readonly events: TenantRowEvents;
  /**
   * Removes about so many rows behind the tenant's door, and says whether some may be left. Each call is a transaction
   * of its own; it is called until nothing is left, and again from the beginning after a crash.
   */
  readonly erase: (ctx: RequestContext<L>, tx: Db, organizationId: string, most: number) => Promise<boolean>;
}

/** Declares how a domain erases a tenant's rows; all the rest is done for it. */
export const defineTenantRows = <L>(events: TenantRowEvents, erase: TenantRows<L>['erase']): TenantRows<never> => ({ events, erase });

const erasedAtOnce = 1_000;

/** The consumers and the worker of a domain that keeps rows of tenants. */
export const tenantEraser = (domain: string, { events, erase }: TenantRows, outbox: OutboxTable): RunningEraser =>
  runEraser(domain, outbox, {
    events,
    name: 'erase-tenant',
    subject: z.object({ organizationId: z.uuid() }),
    idOf: ({ organizationId }) => organizationId,
    organizationOf: ({ organizationId }) => organizationId,
    step: (ctx, { organizationId }) => asTenant(ctx.db, organizationId, (tx) => erase(ctx, tx, organizationId, erasedAtOnce)),
  });

/** Deletes at most so many rows whose column has the value; how many went. */
export async function deleteAtMost(tx: Db, column: PgColumn, value: string, most: number): Promise<number> {
  const found = sql`array(select ctid from ${column.table} where ${eq(column, value)} limit ${most})`;
  const gone = await tx.execute(sql`delete from ${column.table} where ctid = any(${found}) returning 1`);
  return gone.length;
}

/** Deletes at most so many rows of tables that name the value, in their order: what others point at stands last. Whether some may be left. */
export async function deleteInOrder(tx: Db, columns: readonly PgColumn[], value: string, most: number): Promise<boolean> {
  let room = most;
  for (const column of columns) {
    room -= await deleteAtMost(tx, column, value, room);
    if (room <= 0) return true;
  }
  return false;
}
