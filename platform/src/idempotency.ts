import { createHash } from 'node:crypto';
import { and, eq, lt } from 'drizzle-orm';
import type { idempotencyTable } from './columns.ts';
import type { Identity } from './context.ts';
import type { Db } from './database.ts';
import { conflict, unauthenticated } from './errors.ts';

export type IdempotencyTable = ReturnType<typeof idempotencyTable>;

const keptHours = 48;

/** JSON with sorted keys, so that the same input always reads the same. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : typeof inner === 'bigint'
        ? String(inner)
        : inner,
  );

/** A short hash of any input, equal for equal inputs whatever their key order. */
export const hashOf = (value: unknown): string =>
  createHash('sha256')
    .update(canonical(value) ?? 'null')
    .digest('base64url');

/**
 * Runs `effect` once per (caller, operation, key): the key is written first, in the transaction of the effect, so a
 * parallel repeat waits for it and gets the same answer. Another input under the key is CONFLICT. The answer must be
 * JSON (ids, not rows). Without a key the effect simply runs.
 */
export async function idempotent<Answer>(
  ctx: Pick<Identity, 'viewer' | 'service'>,
  tx: Db,
  table: IdempotencyTable,
  request: { operation: string; key: string | null | undefined; input: unknown },
  effect: () => Promise<Answer>,
): Promise<Answer> {
  if (!request.key) return effect();
  const scope = ctx.service ? `service:${ctx.service}` : ctx.viewer?.userId;
  if (!scope) throw unauthenticated();
  const here = and(eq(table.scope, scope), eq(table.operation, request.operation), eq(table.key, request.key));
  const inputHash = hashOf(request.input);
  const [mine] = await tx
    .insert(table)
    .values({ scope, operation: request.operation, key: request.key, inputHash })
    .onConflictDoNothing()
    .returning({ key: table.key });
  if (!mine) {
    const [earlier] = await tx.select().from(table).where(here);
    if (earlier?.inputHash !== inputHash)
      throw conflict('this idempotency key was used with another input; use a new key', { reason: 'IDEMPOTENCY_KEY_REUSED' });
    return earlier.answer as Answer;
  }
  const answer = await effect();
  await tx.update(table).set({ answer }).where(here);
  return answer;
}

/** Forgets keys older than 48 hours; returns how many went. */
export async function sweepIdempotencyKeys(db: Db, table: IdempotencyTable, now: Date): Promise<number> {
  const gone = await db
    .delete(table)
    .where(lt(table.createdAt, new Date(now.getTime() - keptHours * 3_600_000)))
    .returning({ key: table.key });
  return gone.length;
}
