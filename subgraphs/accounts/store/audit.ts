import { auditEvents, auditHead } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, asc, desc, eq, gt, gte, inArray, lt, lte, max, type SQL, sql } from 'drizzle-orm';
import { v7 } from 'uuid';

export type AuditRow = typeof auditEvents.$inferSelect;
export type NewAuditRow = Omit<AuditRow, 'id' | 'position' | 'at' | 'previousHash' | 'hash'>;

export interface AuditWishes {
  readonly names?: readonly string[] | undefined;
  readonly actorId?: string | undefined;
  readonly subjectId?: string | undefined;
  readonly target?: string | undefined;
  readonly organizationId?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

/** Appends to the audit log; the chain's end stays locked until the transaction ends. */
export async function insertAudit(tx: Db, row: NewAuditRow): Promise<void> {
  const { name, actorId, onBehalfOfId, subjectId, clientId, organizationId, target, ipAddress, details } = row;
  await tx.execute(sql`select accounts.record_audit(
    ${v7()}::uuid, ${name}, ${actorId}::uuid, ${onBehalfOfId}::uuid, ${subjectId}::uuid, ${clientId}, ${organizationId}::uuid,
    ${target}, ${ipAddress}, ${JSON.stringify(details)}::jsonb)`);
}

/** Times rise with positions, so that a stretch of time is one of positions, which the other indexes know too. */
const firstSince = (db: Db, from: Date) =>
  db
    .select({ position: auditEvents.position })
    .from(auditEvents)
    .where(gte(auditEvents.at, from))
    .orderBy(asc(auditEvents.at), asc(auditEvents.position))
    .limit(1);
const lastBefore = (db: Db, to: Date) =>
  db
    .select({ position: auditEvents.position })
    .from(auditEvents)
    .where(lt(auditEvents.at, to))
    .orderBy(desc(auditEvents.at), desc(auditEvents.position))
    .limit(1);

const wished = (db: Db, { names, actorId, subjectId, target, organizationId, from, to }: AuditWishes): SQL | undefined =>
  and(
    names ? inArray(auditEvents.name, [...names]) : undefined,
    actorId ? eq(auditEvents.actorId, actorId) : undefined,
    subjectId ? eq(auditEvents.subjectId, subjectId) : undefined,
    target ? eq(auditEvents.target, target) : undefined,
    organizationId ? eq(auditEvents.organizationId, organizationId) : undefined,
    // The times themselves too: they say which months need not be looked at.
    from ? and(gte(auditEvents.at, from), gte(auditEvents.position, sql`(${firstSince(db, from)})`)) : undefined,
    to ? and(lt(auditEvents.at, to), lte(auditEvents.position, sql`(${lastBefore(db, to)})`)) : undefined,
  );

/** A page of the audit log, newest first. */
export function listAudit(db: Db, page: Page, wishes: AuditWishes): Promise<AuditRow[]> {
  const { where, orderBy } = keyset(page, [{ column: auditEvents.position, direction: 'DESC', type: 'bigint' }]);
  return db
    .select()
    .from(auditEvents)
    .where(and(wished(db, wishes), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** What came behind a position, oldest first; with people, what concerns them. Positions rise in the order of the commits, so nothing comes later. */
export const listAuditBehind = (db: Db, position: number, subjectIds: readonly string[], limit: number): Promise<AuditRow[]> =>
  db
    .select()
    .from(auditEvents)
    .where(and(gt(auditEvents.position, position), inArray(auditEvents.subjectId, [...subjectIds])))
    .orderBy(asc(auditEvents.position))
    .limit(limit);

/** Whether a position is that of an entry about a person that is still kept. */
export async function hasAudit(db: Db, position: number, subjectId: string): Promise<boolean> {
  const rows = await db
    .select({ position: auditEvents.position })
    .from(auditEvents)
    .where(and(eq(auditEvents.position, position), eq(auditEvents.subjectId, subjectId)));
  return rows.length > 0;
}

/** Where the chain ends. */
export async function findAuditHead(db: Db): Promise<{ position: number; hash: string }> {
  const [head] = await db.select({ position: auditHead.position, hash: auditHead.hash }).from(auditHead);
  if (!head) throw new Error('the audit log has no head');
  return head;
}

/** The first and the last position of a stretch of time, and the last one of all; null where nothing is. */
export async function findAuditBounds(
  db: Db,
  from: Date,
  to: Date,
): Promise<{ first: number | null; last: number | null; newest: number | null }> {
  const [first] = await firstSince(db, from);
  const [last] = await lastBefore(db, to);
  const [all] = await db.select({ newest: max(auditEvents.position) }).from(auditEvents);
  const newest = all?.newest ?? null;
  if (!first || !last || first.position > last.position) return { first: null, last: null, newest };
  return { first: first.position, last: last.position, newest };
}

/** Checks a stretch of the chain, the link to the entry before it too: how many entries, and the first that does not hold. */
export async function checkAudit(db: Db, first: number, last: number): Promise<{ checked: number; firstBroken: string | null }> {
  const [result] = await db.execute<{ checked: string; firstBroken: string | null }>(sql`
    with oldest as (select min(position) as position from accounts.audit_events),
    chain as (
      select entry.id, entry.position, entry.hash = accounts.audit_hash(entry) as is_whole,
        case when entry.position = oldest.position then entry.position > 1 or entry.previous_hash = ''
          else coalesce(entry.previous_hash = lag(entry.hash) over w and entry.position = lag(entry.position) over w + 1, false) end as is_linked
      from accounts.audit_events entry, oldest
      where entry.position between ${first - 1}::bigint and ${last}::bigint
      window w as (order by entry.position)
    )
    select count(*) as checked, (array_agg(id order by position) filter (where not (is_whole and is_linked)))[1] as "firstBroken"
    from chain where position >= ${first}::bigint`);
  return { checked: Number(result?.checked ?? 0), firstBroken: result?.firstBroken ?? null };
}

/** The hash of the entry at a position, or null. */
export async function findAuditHash(db: Db, position: number): Promise<string | null> {
  const [row] = await db.select({ hash: auditEvents.hash }).from(auditEvents).where(eq(auditEvents.position, position));
  return row?.hash ?? null;
}

/** Makes the partitions of the next months, and drops those that are older than 400 days. */
export async function keepAuditMonths(db: Db): Promise<void> {
  await db.execute(sql`select accounts.keep_audit_months()`);
}
