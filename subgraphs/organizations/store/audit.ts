import { auditEvents } from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, count, eq, gte, inArray, lt, type SQL, sql } from 'drizzle-orm';

export type AuditEvent = typeof auditEvents.$inferSelect;

export interface AuditWishes {
  readonly names?: readonly string[] | undefined;
  readonly actorId?: string | undefined;
  readonly target?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

/** Appends to a tenant's audit log. */
export async function insertAuditEvent(tx: Db, values: typeof auditEvents.$inferInsert): Promise<void> {
  await tx.insert(auditEvents).values(values);
}

const wished = (organizationId: string, { names, actorId, target, from, to }: AuditWishes): SQL | undefined =>
  and(
    eq(auditEvents.organizationId, organizationId),
    names ? inArray(auditEvents.name, [...names]) : undefined,
    actorId ? eq(auditEvents.actorId, actorId) : undefined,
    target ? eq(auditEvents.target, target) : undefined,
    from ? gte(auditEvents.at, from) : undefined,
    to ? lt(auditEvents.at, to) : undefined,
  );

/** A page of a tenant's audit log, newest first. */
export function listAuditEvents(tx: Db, page: Page, organizationId: string, wishes: AuditWishes): Promise<AuditEvent[]> {
  const { where, orderBy } = keyset(page, [
    { column: auditEvents.at, direction: 'DESC', type: 'timestamptz' },
    { column: auditEvents.id, direction: 'DESC', type: 'uuid' },
  ]);
  return tx
    .select()
    .from(auditEvents)
    .where(and(wished(organizationId, wishes), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many events of a tenant's audit log fit. */
export async function countAuditEvents(tx: Db, organizationId: string, wishes: AuditWishes): Promise<number> {
  const [row] = await tx.select({ total: count() }).from(auditEvents).where(wished(organizationId, wishes));
  return row?.total ?? 0;
}

/** Deletes at most so many entries that are older than 400 days, of all tenants; how many went. */
export async function forgetAuditEvents(db: Db, most: number): Promise<number> {
  const [row] = await db.execute<{ gone: string }>(sql`select organizations.forget_audit(${most}) as gone`);
  return Number(row?.gone ?? 0);
}

/** Deletes at most so many entries of the tenant that the transaction chose and that is deleted; how many went. */
export async function eraseAuditEvents(tx: Db, most: number): Promise<number> {
  const [row] = await tx.execute<{ gone: string }>(sql`select organizations.erase_audit(${most}) as gone`);
  return Number(row?.gone ?? 0);
}
