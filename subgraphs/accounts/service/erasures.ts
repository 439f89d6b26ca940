import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { emit } from '@supergraph/platform/outbox';
import { defineWorker } from '@supergraph/platform/workers';
import { personalDataAsked, userDeleted, userErasureOverdue } from '@supergraph/schema/events/accounts';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { ledger } from '../store/personal-data.ts';
import type { User } from '../store/users.ts';
import { dayMs } from './shared.ts';

const sweptAtOnce = 1_000;

/** Asks who holds data of people; whoever starts later says so by itself. */
export async function askForKeepers(ctx: Context): Promise<void> {
  await ctx.db.transaction((tx) => emit(ctx, tx, outbox, personalDataAsked, { domain: 'accounts' }, { organizationId: null }));
}

/** Tells every domain that an account is gone, and notes whose answers are waited for. */
export async function tellErased(ctx: Context, tx: Db, userId: string): Promise<void> {
  await ledger.begin(tx, userId, ctx.now());
  await emit(ctx, tx, outbox, userDeleted, { userId }, { organizationId: null });
}

/** Asks domains again that have been silent about an erased person for a day. */
export const reminder = defineWorker<Record<string, never>, Context['loaders']>({
  name: 'remind-of-erasures',
  data: z.strictObject({}),
  schedule: '47 * * * *',
  run: async (ctx) => {
    const since = new Date(ctx.now().getTime() - dayMs);
    for (const userId of await ledger.listOverdue(ctx.db, since, sweptAtOnce)) {
      ctx.signal.throwIfAborted();
      await ctx.db.transaction((tx) => remind(ctx, tx, userId, since));
    }
  },
});

async function remind(ctx: Context, tx: Db, userId: string, since: Date): Promise<void> {
  const domains = await ledger.askSilentAgain(tx, userId, since, ctx.now());
  if (domains.length === 0) return;
  ctx.log.error({ userId, domains }, 'domains have not erased what they held of a person within a day; they are asked again');
  await emit(ctx, tx, outbox, userErasureOverdue, { userId, domains }, { organizationId: null });
}

/** How far the erasure of a person is; null for accounts that are not erased. */
export interface Erasure {
  readonly domainsDone: readonly string[];
  readonly domainsPending: readonly string[];
}

/** Who has answered for an erased account and who has yet to; for administrators. */
export async function erasureOf(ctx: Context, { id, status }: Pick<User, 'id' | 'status'>): Promise<Erasure | null> {
  if (status !== 'ERASED') return null;
  const asked = await ledger.list(ctx.db, id);
  const named = (isDone: boolean) => asked.filter(({ doneAt }) => (doneAt !== null) === isDone).map(({ domain }) => domain);
  return { domainsDone: named(true), domainsPending: named(false) };
}
