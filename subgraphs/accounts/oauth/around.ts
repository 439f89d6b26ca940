import { AsyncLocalStorage } from 'node:async_hooks';
import type { Db } from '@supergraph/platform/database';
import type { JWTPayload } from 'jose';
import type { Context } from '../context.ts';

/** What the provider's storage works in: the library hands on neither request nor transaction. */
export interface Around {
  readonly ctx: Context;
  /** The transaction that it takes part in; the database itself otherwise. */
  readonly db: Db;
  /** The access token that was shown, once it was found to hold. */
  shown?: JWTPayload;
}

const around = new AsyncLocalStorage<Around>();

/** Runs something of the provider for a request, in a transaction where one is given. */
export const within = <Result>(ctx: Context, run: () => Result, db: Db = ctx.db): Result => around.run({ ctx, db }, run);

/** For whom the provider works right now. */
export function surroundings(): Around {
  const here = around.getStore();
  if (!here) throw new Error('the provider was asked outside of `within`');
  return here;
}
