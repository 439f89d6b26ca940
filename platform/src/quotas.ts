import { and, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { OutboxTable, QuotaLimitsTable } from './columns.ts';
import { type ConsumerDefinition, on } from './consumers.ts';
import type { RequestContext } from './context.ts';
import { asTenant, type Db } from './database.ts';
import { conflict } from './errors.ts';
import type { EventContract } from './events.ts';
import { emit } from './outbox.ts';
import { defineWorker, type WorkerDefinition } from './workers.ts';

/** What is told about limits of tenants and their use. */
export interface QuotaEvents {
  readonly changed: EventContract<{ organizationId: string; key: string; limit: number | null }>;
  readonly reported: EventContract<{ organizationId: string; key: string; used: number }>;
}

export interface QuotasOptions {
  readonly events: QuotaEvents;
  readonly limits: QuotaLimitsTable;
  readonly outbox: OutboxTable;
  /** How much of each quota of the domain a tenant uses, counted behind its door; null for what is no sum, such as the size of each group. */
  readonly keys: Readonly<Record<string, ((tx: Db, organizationId: string) => Promise<number>) | null>>;
}

/** The quotas that a domain owns. */
export interface Quotas {
  /** Keep the limits as organizations tells them. */
  readonly consumers: readonly ConsumerDefinition[];
  /** Tells organizations of the use. */
  readonly worker: WorkerDefinition<never>;
  /**
   * Throws CONFLICT with `reason: QUOTA_EXCEEDED`, `quota` and `limit` where the limit leaves no room for so many more.
   * Whoever else asks for room of this tenant waits until the transaction ends, so that two cannot take the same place.
   */
  requireRoom(tx: Db, organizationId: string, key: string, more?: number): Promise<void>;
  /** The same for a number that is known: throws where it is above the limit. */
  requireWithin(tx: Db, organizationId: string, key: string, wanted: number): Promise<void>;
  /** Something was made or is gone: organizations will be told how much there is. */
  noteUse(ctx: Pick<RequestContext, 'workers'>, tx: Db, organizationId: string, key: string): Promise<void>;
}

/** Declares the quotas that a domain owns; it counts them itself, in the transaction of what it makes. */
export function defineQuotas({ events, limits, outbox, keys }: QuotasOptions): Quotas {
  const worker = defineWorker<{ organizationId: string; key: string }>({
    name: 'report-usage',
    data: z.object({ organizationId: z.uuid(), key: z.string() }),
    run: (ctx, { organizationId, key }) =>
      asTenant(ctx.db, organizationId, async (tx) => {
        const count = keys[key];
        if (!count) return;
        const used = await count(tx, organizationId);
        await emit(ctx, tx, outbox, events.reported, { organizationId, key, used }, { organizationId });
      }),
  });
  const find = async (tx: Db, organizationId: string, key: string): Promise<number | null> => {
    const [row] = await tx
      .select({ most: limits.most })
      .from(limits)
      .where(and(eq(limits.organizationId, organizationId), eq(limits.key, key)))
      .for('update');
    return row?.most ?? null;
  };
  const requireWithin = async (tx: Db, organizationId: string, key: string, wanted: number): Promise<void> => {
    const limit = await find(tx, organizationId, key);
    if (limit !== null && wanted > limit) throw exceeded(key, limit);
  };
  return {
    consumers: [
      on(events.changed, async (_ctx, tx, { payload: { organizationId, key, limit } }) => {
        if (!Object.hasOwn(keys, key)) return;
        await asTenant(tx, organizationId, (scoped) =>
          scoped
            .insert(limits)
            .values({ organizationId, key, most: limit })
            .onConflictDoUpdate({ target: [limits.organizationId, limits.key], set: { most: sql`excluded.most` } }),
        );
      }),
    ],
    worker,
    requireWithin,
    requireRoom: async (tx, organizationId, key, more = 1) => {
      const limit = await find(tx, organizationId, key);
      const count = keys[key];
      if (limit === null || !count) return;
      if ((await count(tx, organizationId)) + more > limit) throw exceeded(key, limit);
    },
    noteUse: (ctx, tx, organizationId, key) =>
      ctx.workers.enqueue(tx, worker, { organizationId, key }, { singletonKey: `${organizationId}:${key}` }),
  };
}

const exceeded = (quota: string, limit: number) =>
  conflict(`the organization has at most ${limit} of ${quota}; take something away or ask for more`, {
    reason: 'QUOTA_EXCEEDED',
    quota,
    limit,
  });
