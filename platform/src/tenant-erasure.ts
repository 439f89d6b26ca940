import { eq, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { z } from 'zod';
import type { OutboxTable } from './columns.ts';
import { type ConsumerDefinition, on } from './consumers.ts';
import type { RequestContext } from './context.ts';
import { asTenant, type Db } from './database.ts';
import type { EventContract, EventOrigin } from './events.ts';
import { emit } from './outbox.ts';
import { defineWorker, type WorkerDefinition } from './workers.ts';

/** What is told about the rows that domains keep of tenants. */
export interface TenantRowEvents {
  /** Whoever deletes tenants wants to know who keeps rows of them. */
  readonly asked: EventContract<{ domain: string }>;
  /** The answer, sent at each start as well: whichever of the two starts first, the other hears of it. */
  readonly kept: EventContract<{ domain: string }>;
  readonly deleted: EventContract<{ organizationId: string }>;
  /** These domains are asked again. */
  readonly overdue: EventContract<{ organizationId: string; domains: string[] }>;
  readonly erased: EventContract<{ organizationId: string }>;
}

/** How a domain erases what it keeps of a deleted tenant. */
export interface TenantRows<L = never> extends TenantRowEvents {
  /**
   * Removes about so many rows behind the tenant's door, and says whether some may be left. Each call is a transaction
   * of its own; it is called until nothing is left, and again from the beginning after a crash.
   */
  readonly erase: (ctx: RequestContext<L>, tx: Db, organizationId: string, most: number) => Promise<boolean>;
}

/** Declares how a domain erases a tenant's rows; all the rest is done for it. */
export const defineTenantRows = <L>(events: TenantRowEvents, erase: TenantRows<L>['erase']): TenantRows<never> => ({ ...events, erase });

const erasedAtOnce = 1_000;

/** The consumers and the worker of a domain that keeps rows of tenants. */
export function erasersOf(
  domain: string,
  { asked, kept, deleted, overdue, erased, erase }: TenantRows,
  outbox: OutboxTable,
): {
  readonly consumers: readonly ConsumerDefinition[];
  readonly worker: WorkerDefinition<never>;
  /** To be called when the consumers are there. */
  readonly announce: (ctx: RequestContext) => Promise<void>;
} {
  const tell = (ctx: EventOrigin, tx: Db) => emit(ctx, tx, outbox, kept, { domain }, { organizationId: null });
  const worker = defineWorker<{ organizationId: string }>({
    name: 'erase-tenant',
    data: z.object({ organizationId: z.uuid() }),
    run: async (ctx, { organizationId }) => {
      const step = () => asTenant(ctx.db, organizationId, (tx) => erase(ctx, tx, organizationId, erasedAtOnce));
      while (await step()) ctx.signal.throwIfAborted();
      await ctx.db.transaction((tx) => emit(ctx, tx, outbox, erased, { organizationId }, { organizationId }));
    },
  });
  const begin = (ctx: RequestContext<never>, tx: Db, organizationId: string) =>
    ctx.workers.enqueue(tx, worker, { organizationId }, { singletonKey: organizationId });
  return {
    consumers: [
      on(asked, tell),
      on(deleted, (ctx, tx, { payload }) => begin(ctx, tx, payload.organizationId)),
      on(overdue, async (ctx, tx, { payload: { organizationId, domains } }) => {
        if (domains.includes(domain)) await begin(ctx, tx, organizationId);
      }),
    ],
    worker,
    announce: (ctx) => ctx.db.transaction((tx) => tell(ctx, tx)),
  };
}

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
