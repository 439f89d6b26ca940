import type { Db } from '@supergraph/platform/database';
import type { Context } from '../context.ts';
import { insertAudit } from '../store/audit.ts';

/** What an audit entry says, beside who asked and when. Details hold no secret. */
export interface AuditEntry {
  readonly name: string;
  /** Whom it concerns; the viewer, else the actor, unless said otherwise. */
  readonly subjectId?: string | null;
  /** The account that acted, where the request does not say so yet, as in signing in. */
  readonly actorId?: string | null;
  readonly target?: string | null;
  readonly clientId?: string | null;
  readonly organizationId?: string | null;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Appends to the audit log, in the transaction of what it tells of. Call it last: the chain makes others wait until the commit. */
export async function record(ctx: Context, tx: Db, entry: AuditEntry): Promise<void> {
  const { viewer } = ctx;
  const { name, actorId = null, target = null, details = {} } = entry;
  await insertAudit(tx, {
    name,
    actorId: viewer?.actorId ?? viewer?.userId ?? actorId,
    onBehalfOfId: viewer?.actorId ? viewer.userId : null,
    subjectId: entry.subjectId === undefined ? (viewer?.userId ?? actorId) : entry.subjectId,
    clientId: entry.clientId ?? viewer?.clientId ?? null,
    organizationId: entry.organizationId ?? ctx.organization?.id ?? null,
    target,
    ipAddress: ctx.client.ipAddress,
    details,
  });
}
