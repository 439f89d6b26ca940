import type { AuditDetails } from '@supergraph/db/organizations/tables';
import { asTenant, type Db } from '@supergraph/platform/database';
import { badInput } from '@supergraph/platform/errors';
import { idInput, nameText, optional, parseInput } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { defineWorker } from '@supergraph/platform/workers';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { type AuditEvent, countAuditEvents, forgetAuditEvents, insertAuditEvent, listAuditEvents } from '../store/audit.ts';
import type { Organization } from '../store/organizations.ts';

/** What an entry says beside who asked and when. */
export interface AuditEntry {
  /** `<thing>.<past verb>` */
  readonly name: string;
  readonly target: string;
  /** Ids, keys and settings; no secret, and nothing that identifies a person but an id. */
  readonly details?: AuditDetails;
  /** Who asked, where the request does not say so, as for what another domain tells. */
  readonly actorId?: string | null;
}

/** Whoever asks; while an administrator acts as somebody else, it is the administrator who did it. */
interface Asking {
  readonly viewer: { readonly userId: string; readonly actorId?: string | null } | null;
  readonly now: () => Date;
}

/** Appends to a tenant's audit log, in the transaction of what it tells of, inside the tenant's door. */
export async function record(ctx: Asking, tx: Db, organizationId: string, entry: AuditEntry): Promise<void> {
  const { name, target, details = {}, actorId = null } = entry;
  const { viewer } = ctx;
  await insertAuditEvent(tx, {
    organizationId,
    name,
    at: ctx.now(),
    actorId: viewer?.actorId ?? viewer?.userId ?? actorId,
    target,
    details: viewer?.actorId ? { ...details, onBehalfOf: viewer.userId } : details,
  });
}

/** What of a thing is not what it was: `{ name: { from, to } }`. */
export function changesOf<Thing extends object>(before: Thing, after: Thing, keys: readonly (keyof Thing & string)[]): AuditDetails {
  const differs = (key: keyof Thing) => JSON.stringify(before[key]) !== JSON.stringify(after[key]);
  return Object.fromEntries(keys.filter(differs).map((key) => [key, { from: before[key], to: after[key] }]));
}

const mostNames = 20;
const Filter = z.strictObject({
  names: optional(
    z
      .array(nameText({ max: 100 }))
      .min(1, 'must name at least 1')
      .max(mostNames, `must be at most ${mostNames}`),
  ),
  actorId: optional(idInput),
  target: optional(nameText({ max: 100 })),
  at: optional(z.strictObject({ from: optional(z.date()), to: optional(z.date()) })),
});

/** The audit log of the chosen tenant, newest first; null for another one. */
export async function pageOfAuditEvents(
  ctx: Context,
  { id }: Organization,
  { filter, ...args }: PageArguments & { filter?: unknown },
): Promise<Connection<AuditEvent> | null> {
  if (ctx.organization?.id !== id) return null;
  const { at, ...wanted } = parseInput(Filter, filter ?? {});
  if (at?.from && at.to && at.from >= at.to) throw badInput([{ path: 'at.to', message: 'must be after from' }]);
  const wishes = { ...wanted, ...at };
  const page = readPage(ctx, args, ['audit', id, wishes]);
  const rows = await asTenant(ctx.db, id, (tx) => listAuditEvents(tx, page, id, wishes));
  return toConnection(
    ctx,
    page,
    rows,
    (row) => [row.at.toISOString(), row.id],
    () => asTenant(ctx.db, id, (tx) => countAuditEvents(tx, id, wishes)),
  );
}

const forgottenAtOnce = 1_000;

/** Deletes what is older than 400 days, in batches, so that no lock lasts. */
export const forgetOldAudit = defineWorker<Record<string, never>, Context['loaders']>({
  name: 'forget-old-audit',
  data: z.strictObject({}),
  schedule: '41 3 * * *',
  run: async (ctx) => {
    while ((await forgetAuditEvents(ctx.db, forgottenAtOnce)) === forgottenAtOnce) ctx.signal.throwIfAborted();
  },
});
