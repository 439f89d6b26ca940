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
import { erasureLedger } from '@supergraph/platform/erasure-ledger';
import { deleteInOrder } from '@supergraph/platform/tenant-erasure';
import { and, asc, eq, isNotNull, lte, ne } from 'drizzle-orm';
import { eraseAuditEvents } from './audit.ts';
import type { Organization } from './organizations.ts';

/** Who keeps rows of tenants, and who has erased which. */
export const ledger = erasureLedger(erasingDomains, erasures);

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

/** What is kept of a tenant here; what others point at stands last. */
const rooms = [
  ...[teamMembers, memberships, invitations, teams, settings, domains, roles, quotas, quotaUsage, mailQueue].map(
    ({ organizationId }) => organizationId,
  ),
  erasures.subjectId,
];

/** Deletes about so many rows of the tenant that the transaction chose and that is deleted; whether some may be left. */
export async function eraseOwnRows(tx: Db, organizationId: string, most: number): Promise<boolean> {
  if (await deleteInOrder(tx, rooms, organizationId, most)) return true;
  return (await eraseAuditEvents(tx, most)) === most;
}
