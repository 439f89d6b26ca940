import { domains, invitations, memberships, roles, settings } from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, count, desc, eq, inArray, sql } from 'drizzle-orm';

export type Role = typeof roles.$inferSelect;

/** Roles by id that the transaction may read. */
export const findRoles = (db: Db, ids: readonly string[]): Promise<Role[]> =>
  db
    .select()
    .from(roles)
    .where(inArray(roles.id, [...ids]));

/** A tenant's roles among these ids. */
export const findRolesOf = (tx: Db, organizationId: string, ids: readonly string[]): Promise<Role[]> =>
  tx
    .select()
    .from(roles)
    .where(and(eq(roles.organizationId, organizationId), inArray(roles.id, [...ids])));

/** The roles of tenants, the built-in ones first. */
export const listRoles = (db: Db, organizationIds: readonly string[]): Promise<Role[]> =>
  db
    .select()
    .from(roles)
    .where(inArray(roles.organizationId, [...organizationIds]))
    .orderBy(desc(roles.builtIn), asc(roles.id));

/** A tenant's role by its key. */
export async function findRoleByKey(tx: Db, organizationId: string, key: string): Promise<Role | null> {
  const [found] = await tx
    .select()
    .from(roles)
    .where(and(eq(roles.organizationId, organizationId), eq(roles.key, key)));
  return found ?? null;
}

/** How many roles a tenant has. */
export async function countRoles(tx: Db, organizationId: string): Promise<number> {
  const [row] = await tx.select({ total: count() }).from(roles).where(eq(roles.organizationId, organizationId));
  return row?.total ?? 0;
}

/** How many live members each of these roles of a tenant has. */
export const countMembersOfRoles = (
  tx: Db,
  organizationId: string,
  roleIds: readonly string[],
): Promise<{ roleId: string; total: number }[]> =>
  tx
    .select({ roleId: memberships.roleId, total: count() })
    .from(memberships)
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        inArray(memberships.roleId, [...roleIds]),
        inArray(memberships.status, ['ACTIVE', 'SUSPENDED']),
      ),
    )
    .groupBy(memberships.roleId);

/** Inserts roles. */
export const insertRoles = (tx: Db, values: (typeof roles.$inferInsert)[]): Promise<Role[]> => tx.insert(roles).values(values).returning();

/** Changes a role that still has the version. */
export async function updateRole(tx: Db, role: Role, change: Partial<Pick<Role, 'name' | 'permissions'>>): Promise<Role | null> {
  const [changed] = await tx
    .update(roles)
    .set({ ...change, version: sql`${roles.version} + 1` })
    .where(and(eq(roles.organizationId, role.organizationId), eq(roles.id, role.id), eq(roles.version, role.version)))
    .returning();
  return changed ?? null;
}

/** Whether live members, pending invitations, domains or the settings have a role. */
export async function isRoleInUse(tx: Db, { organizationId, id }: Role): Promise<boolean> {
  const uses = await Promise.all([
    tx
      .select({ id: memberships.id })
      .from(memberships)
      .where(
        and(
          eq(memberships.organizationId, organizationId),
          eq(memberships.roleId, id),
          inArray(memberships.status, ['ACTIVE', 'SUSPENDED']),
        ),
      )
      .limit(1),
    tx
      .select({ id: invitations.id })
      .from(invitations)
      .where(and(eq(invitations.organizationId, organizationId), eq(invitations.roleId, id), eq(invitations.status, 'PENDING')))
      .limit(1),
    tx
      .select({ id: settings.organizationId })
      .from(settings)
      .where(and(eq(settings.organizationId, organizationId), eq(settings.defaultRoleId, id))),
    tx
      .select({ id: domains.id })
      .from(domains)
      .where(and(eq(domains.organizationId, organizationId), eq(domains.joinRoleId, id)))
      .limit(1),
  ]);
  return uses.some((rows) => rows.length > 0);
}

/** Gives everything that has a role another one of the same tenant. */
export async function replaceRole(tx: Db, { organizationId, id }: Role, replacementId: string): Promise<void> {
  await tx
    .update(memberships)
    .set({ roleId: replacementId, version: sql`${memberships.version} + 1` })
    .where(and(eq(memberships.organizationId, organizationId), eq(memberships.roleId, id)));
  await tx
    .update(invitations)
    .set({ roleId: replacementId })
    .where(and(eq(invitations.organizationId, organizationId), eq(invitations.roleId, id)));
  await tx
    .update(domains)
    .set({ joinRoleId: replacementId })
    .where(and(eq(domains.organizationId, organizationId), eq(domains.joinRoleId, id)));
  await tx
    .update(settings)
    .set({ defaultRoleId: replacementId, version: sql`${settings.version} + 1` })
    .where(and(eq(settings.organizationId, organizationId), eq(settings.defaultRoleId, id)));
}

/** Deletes a role that nothing refers to. */
export async function deleteRole(tx: Db, { organizationId, id }: Role): Promise<void> {
  await tx.delete(roles).where(and(eq(roles.organizationId, organizationId), eq(roles.id, id)));
}
