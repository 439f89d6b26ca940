import { hashOf } from '@supergraph/platform/idempotency';
import type { Db } from '@supergraph/platform/database';
import type { Context } from '../context.ts';
import { type AuditRow, findLastAudit, insertAudit, lockFor } from '../store/records.ts';

/** What an audit row says, beside who asked and when. Details hold no secret. */
export interface AuditEntry {
  readonly name: string;
  /** The account that acted, where the request does not say so yet, as in signing in. */
  readonly actorId?: string | null;
  readonly target?: string | null;
  readonly clientId?: string | null;
  readonly details?: Record<string, unknown>;
}

type Hashed = Omit<AuditRow, 'id' | 'hash'>;

/** The hash of a row, over everything that it says and over the row before. */
export const auditHash = ({
  position,
  name,
  at,
  actorId,
  onBehalfOfId,
  clientId,
  organizationId,
  target,
  ipAddress,
  details,
  previousHash,
}: Hashed): string =>
  hashOf({ position, name, at, actorId, onBehalfOfId, clientId, organizationId, target, ipAddress, details, previousHash });

/** Appends to the audit log, in the transaction of what it tells of. Call it last: the chain makes others wait until the commit. */
export async function record(ctx: Context, tx: Db, entry: AuditEntry): Promise<void> {
  await lockFor(tx, 'audit');
  const last = await findLastAudit(tx);
  const { viewer } = ctx;
  const row: Hashed = {
    position: (last?.position ?? 0) + 1,
    name: entry.name,
    at: ctx.now(),
    actorId: viewer?.actorId ?? viewer?.userId ?? entry.actorId ?? null,
    onBehalfOfId: viewer?.actorId ? viewer.userId : null,
    clientId: entry.clientId ?? viewer?.clientId ?? null,
    organizationId: ctx.organization?.id ?? null,
    target: entry.target ?? null,
    ipAddress: ctx.client.ipAddress,
    details: entry.details ?? {},
    previousHash: last?.hash ?? '',
  };
  await insertAudit(tx, { ...row, hash: auditHash(row) });
}
