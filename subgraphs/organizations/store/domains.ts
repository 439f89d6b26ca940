import { domains, organizations, roles } from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, count, eq, gt, lte, sql } from 'drizzle-orm';
import type { Invitation } from './invitations.ts';
import type { Role } from './roles.ts';

export type Domain = typeof domains.$inferSelect;
/** A domain with the role that comes with joining by it. */
export type DomainWithRole = Domain & { readonly joinRole: Role };

const selectDomains = (tx: Db) =>
  tx
    .select({ domain: domains, joinRole: roles })
    .from(domains)
    .innerJoin(roles, and(eq(roles.organizationId, domains.organizationId), eq(roles.id, domains.joinRoleId)))
    .$dynamic();

/** A tenant's domains by name. */
export async function listDomains(tx: Db, organizationId: string): Promise<DomainWithRole[]> {
  const rows = await selectDomains(tx).where(eq(domains.organizationId, organizationId)).orderBy(asc(domains.name));
  return rows.map(({ domain, joinRole }) => ({ ...domain, joinRole }));
}

/** A tenant's domain by id. */
export async function findDomain(tx: Db, organizationId: string, id: string): Promise<DomainWithRole | null> {
  const [row] = await selectDomains(tx).where(and(eq(domains.organizationId, organizationId), eq(domains.id, id)));
  return row ? { ...row.domain, joinRole: row.joinRole } : null;
}

/** How many domains a tenant has. */
export async function countDomains(tx: Db, organizationId: string): Promise<number> {
  const [row] = await tx.select({ total: count() }).from(domains).where(eq(domains.organizationId, organizationId));
  return row?.total ?? 0;
}

/** Inserts a domain; its id. */
export async function insertDomain(tx: Db, values: typeof domains.$inferInsert): Promise<string> {
  const [made] = await tx.insert(domains).values(values).returning({ id: domains.id });
  if (!made) throw new Error('the insert gave no row back');
  return made.id;
}

/** Changes a domain. */
export async function updateDomain(
  tx: Db,
  { organizationId, id }: Pick<Domain, 'organizationId' | 'id'>,
  change: Partial<Omit<Domain, 'id' | 'organizationId' | 'name' | 'createdAt'>>,
): Promise<void> {
  await tx
    .update(domains)
    .set(change)
    .where(and(eq(domains.organizationId, organizationId), eq(domains.id, id)));
}

/** Deletes a domain. */
export async function deleteDomain(tx: Db, { organizationId, id }: Pick<Domain, 'organizationId' | 'id'>): Promise<void> {
  await tx.delete(domains).where(and(eq(domains.organizationId, organizationId), eq(domains.id, id)));
}

/** Proven domains of all tenants whose proof was last repeated before then, in the order of their ids; behind no tenant's door. */
export const listDueProofs = (db: Db, before: Date, behindId: string | null, limit: number): Promise<Domain[]> =>
  db
    .select()
    .from(domains)
    .where(and(eq(domains.status, 'VERIFIED'), lte(domains.checkedAt, before), behindId === null ? undefined : gt(domains.id, behindId)))
    .orderBy(asc(domains.id))
    .limit(limit);

/** A tenant that whoever has the address may join, because its domain is proven and open. */
export interface Opening {
  readonly domainId: string;
  readonly organization: Invitation['organization'];
}

/** The tenants that an address may join by its domain; inside the address's door. */
export async function listOpenings(tx: Db, emailFold: string): Promise<Opening[]> {
  return tx
    .select({
      domainId: domains.id,
      organization: { id: organizations.id, name: organizations.name, slug: organizations.slug, status: organizations.status },
    })
    .from(domains)
    .innerJoin(organizations, and(eq(organizations.id, domains.organizationId), eq(organizations.status, 'ACTIVE')))
    .where(and(eq(domains.status, 'VERIFIED'), eq(domains.autoJoin, true), eq(domains.name, sql`split_part(${emailFold}, '@', 2)`)));
}
