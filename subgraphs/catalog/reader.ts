import type { RequestContext } from '@supergraph/platform/context';
import { type Db, inScope } from '@supergraph/platform/database';
import { isStaff } from './policy.ts';

/** Runs a query with what the caller may see. */
export type Read = <Result>(query: (db: Db) => Promise<Result>) => Promise<Result>;

/** Shoppers read open rows without a transaction; staff read their tenant's rows through its door. */
export const readerOf = (ctx: Pick<RequestContext, 'db' | 'organization' | 'viewer'>): Read =>
  isStaff(ctx) ? (query) => inScope(ctx, query) : (query) => query(ctx.db);
