import {
  domains,
  erasingDomains,
  erasures,
  invitations,
  mailQueue,
  memberships,
  organizations,
  quotas,
  quotaUsage,
  roles,
  settings,
  teamMembers,
  teams,
} from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { deleteInOrder } from '@supergraph/platform/tenant-erasure';
import { and, asc, eq, isNotNull, isNull, lte, ne } from 'drizzle-orm';
import { eraseAuditEvents } from './audit.ts';
import type { Organization } from './organizations.ts';

export type Erasure = typeof erasures.$inferSelect;

/** Notes that a domain keeps rows of tenants. */
export async function saveErasingDomain(tx: Db, domain: string, heardAt: Date): Promise<void> {
  await tx.insert(erasingDomains).values({ domain, heardAt }).onConflictDoUpdate({ target: erasingDomains.domain, set: { heardAt } });
}

/** The domains that keep rows of tenants. */
export async function listErasingDomains(db: Db): Promise<string[]> {
  const rows = await db.select({ domain: erasingDomains.domain }).from(erasingDomains).orderBy(asc(erasingDomains.domain));
  return rows.map(({ domain }) => domain);
}

/** Tenants whose time has come and that are not gone yet, the longest waiting first. */
export async function listErasable(db: Db, now: Date, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: organizations.id })
    .from(organizations)
    .where(lte(organizations.erasesAt, now))
    .orderBy(asc(organizations.erasesAt))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** A tenant whose deletion is scheduled or under way, locked until the transaction ends. */
export async function lockDeletion(tx: Db, organizationId: string): Promise<Organization | null> {
  const [found] = await tx
    .select()
    .from(organizations)
    .where(and(eq(organizations.id, organizationId), isNotNull(organizations.erasesAt), ne(organizations.status, 'DELETED')))
    .for('update');
  return found ?? null;
}

/** Whose answers a tenant's erasure waits for. */
export async function insertErasures(tx: Db, organizationId: string, domains: readonly string[], askedAt: Date): Promise<void> {
  if (domains.length === 0) return;
  await tx
    .insert(erasures)
    .values(domains.map((domain) => ({ organizationId, domain, askedAt })))
    .onConflictDoNothing();
}

/** Who was asked to erase a tenant's rows. */
export const listErasures = (tx: Db, organizationId: string): Promise<Erasure[]> =>
  tx.select().from(erasures).where(eq(erasures.organizationId, organizationId)).orderBy(asc(erasures.domain));

/** Notes that a domain has erased a tenant's rows. */
export async function closeErasure(tx: Db, organizationId: string, domain: string, doneAt: Date): Promise<void> {
  await tx
    .update(erasures)
    .set({ doneAt })
    .where(and(eq(erasures.organizationId, organizationId), eq(erasures.domain, domain), isNull(erasures.doneAt)));
}

/** The domains that have been silent since then, which count as asked now. */
export async function askSilentAgain(tx: Db, organizationId: string, since: Date, now: Date): Promise<string[]> {
  const rows = await tx
    .update(erasures)
    .set({ askedAt: now })
    .where(and(eq(erasures.organizationId, organizationId), isNull(erasures.doneAt), lte(erasures.askedAt, since)))
    .returning({ domain: erasures.domain });
  return rows.map(({ domain }) => domain).toSorted();
}

/** What is kept of a tenant here; what others point at stands last. */
const rooms = [teamMembers, memberships, invitations, teams, settings, domains, roles, quotas, quotaUsage, mailQueue, erasures].map(
  ({ organizationId }) => organizationId,
);

/** Deletes about so many rows of the tenant that the transaction chose and that is deleted; whether some may be left. */
export async function eraseOwnRows(tx: Db, organizationId: string, most: number): Promise<boolean> {
  if (await deleteInOrder(tx, rooms, organizationId, most)) return true;
  return (await eraseAuditEvents(tx, most)) === most;
}
