import { organizations, settings, slugHolds } from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type KeyPart, type Page } from '@supergraph/platform/page';
import { and, count, eq, gt, ilike, inArray, isNull, ne, or, type SQL, sql } from 'drizzle-orm';
import { contains } from './text.ts';

export type Organization = typeof organizations.$inferSelect;
export type Settings = typeof settings.$inferSelect;
export interface OrganizationWishes {
  readonly search?: string | undefined;
  readonly status?: Organization['status'] | undefined;
}
export type OrganizationOrder = { readonly field: 'CREATED_AT' | 'NAME'; readonly direction: 'ASC' | 'DESC' };

/** Organizations by id, in any order; deleted and unknown ones are left out. */
export const findOrganizations = (db: Db, ids: readonly string[]): Promise<Organization[]> =>
  db
    .select()
    .from(organizations)
    .where(and(inArray(organizations.id, [...ids]), ne(organizations.status, 'DELETED')));

/** An organization, deleted or not. */
export async function findAnyOrganization(db: Db, id: string): Promise<Organization | null> {
  const [found] = await db.select().from(organizations).where(eq(organizations.id, id));
  return found ?? null;
}

/** The organization with a slug, unless it is deleted. */
export async function findOrganizationBySlug(db: Db, slug: string): Promise<Organization | null> {
  const [found] = await db
    .select()
    .from(organizations)
    .where(and(eq(organizations.slug, slug), ne(organizations.status, 'DELETED')));
  return found ?? null;
}

/** The organization's row, locked until the transaction ends: whoever changes members or seats waits here. None once its rows are being erased. */
export async function lockOrganization(tx: Db, organizationId: string): Promise<Organization | null> {
  const [found] = await tx
    .select()
    .from(organizations)
    .where(and(eq(organizations.id, organizationId), ne(organizations.status, 'DELETED'), isNull(organizations.erasingAt)))
    .for('update');
  return found ?? null;
}

const wanted = ({ search, status }: OrganizationWishes): SQL | undefined => {
  const pattern = search === undefined ? undefined : contains(search);
  return and(
    pattern === undefined ? undefined : or(ilike(organizations.name, pattern), ilike(organizations.slug, pattern)),
    status ? eq(organizations.status, status) : undefined,
  );
};

const orderParts = ({ field, direction }: OrganizationOrder): KeyPart[] => {
  const last: KeyPart = { column: organizations.id, direction, type: 'uuid' };
  return field === 'NAME' ? [{ column: organizations.name, direction, type: 'text' }, last] : [last];
};

/** All organizations that fit. */
export function listOrganizations(db: Db, page: Page, wishes: OrganizationWishes, order: OrganizationOrder): Promise<Organization[]> {
  const { where, orderBy } = keyset(page, orderParts(order));
  return db
    .select()
    .from(organizations)
    .where(and(wanted(wishes), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many organizations fit. */
export async function countOrganizations(db: Db, wishes: OrganizationWishes): Promise<number> {
  const [row] = await db.select({ total: count() }).from(organizations).where(wanted(wishes));
  return row?.total ?? 0;
}

/** Inserts an organization, in its own tenant's scope. */
export async function insertOrganization(tx: Db, values: typeof organizations.$inferInsert): Promise<Organization> {
  const [made] = await tx.insert(organizations).values(values).returning();
  if (!made) throw new Error('the insert gave no row back');
  return made;
}

/** Changes an organization's row and raises its epoch; `newMembers` may be negative. */
export async function updateOrganization(
  tx: Db,
  organizationId: string,
  change: Partial<Omit<Organization, 'id' | 'epoch' | 'memberCount' | 'createdAt'>> = {},
  newMembers = 0,
): Promise<Organization> {
  const [changed] = await tx
    .update(organizations)
    .set({ ...change, epoch: sql`${organizations.epoch} + 1`, memberCount: sql`${organizations.memberCount} + ${newMembers}` })
    .where(eq(organizations.id, organizationId))
    .returning();
  if (!changed) throw new Error('the organization to change is gone');
  return changed;
}

/** Whether somebody else gave a slug up and may still come back to it. */
export async function isSlugHeld(tx: Db, slug: string, organizationId: string, now: Date): Promise<boolean> {
  const [hold] = await tx
    .select({ slug: slugHolds.slug })
    .from(slugHolds)
    .where(and(eq(slugHolds.slug, slug), ne(slugHolds.organizationId, organizationId), gt(slugHolds.heldUntil, now)));
  return hold !== undefined;
}

/** Keeps a slug that an organization gave up from others for a while. */
export async function holdSlug(tx: Db, hold: typeof slugHolds.$inferInsert): Promise<void> {
  await tx
    .insert(slugHolds)
    .values(hold)
    .onConflictDoUpdate({ target: slugHolds.slug, set: { organizationId: hold.organizationId, heldUntil: hold.heldUntil } });
}

/** Lets acts of one name and subject run one after the other, until the transaction ends. */
export async function takeTurns(tx: Db, subject: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`organizations:${subject}`}, 0))`);
}

/** The settings of organizations that the transaction may read. */
export const findSettings = (db: Db, organizationIds: readonly string[]): Promise<Settings[]> =>
  db
    .select()
    .from(settings)
    .where(inArray(settings.organizationId, [...organizationIds]));

/** Inserts an organization's settings. */
export async function insertSettings(tx: Db, values: typeof settings.$inferInsert): Promise<void> {
  await tx.insert(settings).values(values);
}

/** Changes settings that still have the version. */
export async function updateSettings(tx: Db, organizationId: string, version: number, change: Partial<Settings>): Promise<Settings | null> {
  const [changed] = await tx
    .update(settings)
    .set({ ...change, version: version + 1 })
    .where(and(eq(settings.organizationId, organizationId), eq(settings.version, version)))
    .returning();
  return changed ?? null;
}

/** Whether there is any organization at all. */
export async function hasOrganizations(db: Db): Promise<boolean> {
  const rows = await db.select({ id: organizations.id }).from(organizations).limit(1);
  return rows.length > 0;
}

/** An id for an organization that is yet to be made: its tenant's scope is opened before its row is written. */
export function newOrganizationId(): string {
  const made = organizations.id.defaultFn?.();
  if (typeof made !== 'string') throw new Error('the column of ids makes none');
  return made;
}
