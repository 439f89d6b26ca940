import { invitations, memberships, organizations, people, quotas, roles, settings, teamMembers } from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type KeyPart, type Page } from '@supergraph/platform/page';
import { and, asc, count, eq, ilike, inArray, ne, or, type SQL, sql } from 'drizzle-orm';
import type { QuotaKey } from '../quota-keys.ts';
import type { Organization } from './organizations.ts';
import type { Role } from './roles.ts';
import { contains } from './text.ts';

export type Membership = typeof memberships.$inferSelect;
/** A membership with what its permissions follow from. */
export type Member = Membership & { readonly role: Role; readonly guestsSeeMembers: boolean; readonly teamIds: readonly string[] };
export interface MemberWishes {
  readonly search?: string | undefined;
  readonly roleId?: string | undefined;
  readonly teamId?: string | undefined;
  readonly status?: Membership['status'] | undefined;
}
export type MemberOrder = { readonly field: 'JOINED_AT' | 'NAME'; readonly direction: 'ASC' | 'DESC' };

/** The limit that the gateway holds requests against. */
const requestQuota: QuotaKey = 'api.requests_per_minute';

const live = inArray(memberships.status, ['ACTIVE', 'SUSPENDED']);

/** Accounts that were never heard of count as active. */
const accountActive = sql`coalesce(${people.status}, 'ACTIVE') = 'ACTIVE'`;
const ofPerson = sql`coalesce(${people.kind}, 'PERSON') = 'PERSON'`;

/** The teams of a member, in the order in which they were made. */
const teamIds = sql<
  string[]
>`array(select ${teamMembers.teamId} from ${teamMembers} where ${teamMembers.organizationId} = ${memberships.organizationId} and ${teamMembers.membershipId} = ${memberships.id} order by ${teamMembers.teamId})`.mapWith(
  invitations.teamIds,
);

const memberColumns = { membership: memberships, role: roles, guestsSeeMembers: settings.guestsSeeMembers, teamIds };

const selectMembers = (db: Db) =>
  db
    .select(memberColumns)
    .from(memberships)
    .innerJoin(roles, and(eq(roles.organizationId, memberships.organizationId), eq(roles.id, memberships.roleId)))
    .innerJoin(settings, eq(settings.organizationId, memberships.organizationId))
    .$dynamic();

type Row = { membership: Membership; role: Role; guestsSeeMembers: boolean; teamIds: string[] };
const toMember = ({ membership, ...row }: Row): Member => ({ ...membership, ...row });

/** Memberships by id that the transaction may read. */
export async function findMembers(db: Db, ids: readonly string[]): Promise<Member[]> {
  const rows = await selectMembers(db).where(inArray(memberships.id, [...ids]));
  return rows.map(toMember);
}

/** A tenant's membership by id. */
export async function findMemberOf(tx: Db, organizationId: string, membershipId: string): Promise<Member | null> {
  const [row] = await selectMembers(tx).where(and(eq(memberships.organizationId, organizationId), eq(memberships.id, membershipId)));
  return row ? toMember(row) : null;
}

/** A tenant's memberships among these ids. */
export async function findMembersOf(tx: Db, organizationId: string, ids: readonly string[]): Promise<Member[]> {
  if (ids.length === 0) return [];
  const rows = await selectMembers(tx).where(and(eq(memberships.organizationId, organizationId), inArray(memberships.id, [...ids])));
  return rows.map(toMember);
}

/** A person's live membership of a tenant. */
export async function findLiveMember(tx: Db, organizationId: string, userId: string): Promise<Member | null> {
  const [row] = await selectMembers(tx).where(and(eq(memberships.organizationId, organizationId), eq(memberships.userId, userId), live));
  return row ? toMember(row) : null;
}

/** Whether a tenant ended a membership of a person, or had suspended them when they left. */
export async function wasKeptOut(tx: Db, organizationId: string, userId: string): Promise<boolean> {
  const rows = await tx
    .select({ id: memberships.id })
    .from(memberships)
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        eq(memberships.userId, userId),
        or(eq(memberships.status, 'REMOVED'), memberships.leftSuspended),
      ),
    )
    .limit(1);
  return rows.length > 0;
}

/** A person's live memberships of these tenants. */
export async function findLiveMembersOf(db: Db, userId: string, organizationIds: readonly string[]): Promise<Member[]> {
  const rows = await selectMembers(db).where(
    and(eq(memberships.userId, userId), inArray(memberships.organizationId, [...organizationIds]), live),
  );
  return rows.map(toMember);
}

/** The tenants that a person is a live member of. */
export async function listTenantsOf(db: Db, userId: string): Promise<{ organizationId: string; membershipId: string }[]> {
  return db
    .select({ organizationId: memberships.organizationId, membershipId: memberships.id })
    .from(memberships)
    .where(and(eq(memberships.userId, userId), live))
    .orderBy(asc(memberships.id));
}

/** Active tenants in which a person is an active member, behind their own door. */
export async function listActiveTenantsOf(tx: Db, userId: string, limit: number): Promise<{ id: string; name: string }[]> {
  return tx
    .select({ id: organizations.id, name: organizations.name })
    .from(memberships)
    .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
    .where(and(eq(memberships.userId, userId), eq(memberships.status, 'ACTIVE'), eq(organizations.status, 'ACTIVE')))
    .orderBy(asc(organizations.id))
    .limit(limit);
}

/** How many live tenants a person owns. */
export async function countOwned(db: Db, userId: string): Promise<number> {
  const [row] = await db
    .select({ total: count() })
    .from(memberships)
    .innerJoin(roles, eq(roles.id, memberships.roleId))
    .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
    .where(and(eq(memberships.userId, userId), live, eq(roles.key, 'OWNER'), ne(organizations.status, 'DELETED')));
  return row?.total ?? 0;
}

/** What a request in a tenant may do, in one look. */
export async function findContext(
  tx: Db,
  organizationId: string,
  userId: string,
): Promise<{ member: Member; organization: Organization; requireMfa: boolean; requestsPerMinute: number | null } | null> {
  const [row] = await tx
    .select({ ...memberColumns, organization: organizations, requireMfa: settings.requireMfa, requestsPerMinute: quotas.limit })
    .from(memberships)
    .innerJoin(roles, and(eq(roles.organizationId, memberships.organizationId), eq(roles.id, memberships.roleId)))
    .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
    .innerJoin(settings, eq(settings.organizationId, memberships.organizationId))
    .leftJoin(quotas, and(eq(quotas.organizationId, memberships.organizationId), eq(quotas.key, requestQuota)))
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        eq(memberships.userId, userId),
        eq(memberships.status, 'ACTIVE'),
        ne(organizations.status, 'DELETED'),
      ),
    );
  if (!row) return null;
  const { organization, requireMfa, requestsPerMinute, ...member } = row;
  return { member: toMember(member), organization, requireMfa, requestsPerMinute };
}

const isInTeam = (organizationId: string, teamId: string): SQL =>
  sql`exists (select 1 from ${teamMembers} where ${teamMembers.organizationId} = ${organizationId} and ${teamMembers.teamId} = ${teamId} and ${teamMembers.membershipId} = ${memberships.id})`;

const wanted = (organizationId: string, { search, roleId, teamId, status }: MemberWishes): SQL | undefined => {
  const pattern = search === undefined ? undefined : contains(search);
  return and(
    eq(memberships.organizationId, organizationId),
    status ? eq(memberships.status, status) : live,
    roleId ? eq(memberships.roleId, roleId) : undefined,
    teamId ? isInTeam(organizationId, teamId) : undefined,
    pattern === undefined ? undefined : or(ilike(people.displayName, pattern), ilike(people.handle, pattern)),
  );
};

const orderParts = ({ field, direction }: MemberOrder): KeyPart[] => {
  const last: KeyPart = { column: memberships.id, direction, type: 'uuid' };
  return field === 'NAME' ? [{ column: memberships.memberName, direction, type: 'text' }, last] : [last];
};

/** A tenant's members. */
export async function listMembers(tx: Db, page: Page, organizationId: string, wishes: MemberWishes, order: MemberOrder): Promise<Member[]> {
  const { where, orderBy } = keyset(page, orderParts(order));
  const rows = await tx
    .select(memberColumns)
    .from(memberships)
    .innerJoin(roles, and(eq(roles.organizationId, memberships.organizationId), eq(roles.id, memberships.roleId)))
    .innerJoin(settings, eq(settings.organizationId, memberships.organizationId))
    .leftJoin(people, eq(people.userId, memberships.userId))
    .where(and(wanted(organizationId, wishes), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
  return rows.map(toMember);
}

/** How many of a tenant's members fit. */
export async function countMembers(tx: Db, organizationId: string, wishes: MemberWishes): Promise<number> {
  const [row] = await tx
    .select({ total: count() })
    .from(memberships)
    .leftJoin(people, eq(people.userId, memberships.userId))
    .where(wanted(organizationId, wishes));
  return row?.total ?? 0;
}

const inTenant = (only: string | null) => (only === null ? undefined : eq(memberships.organizationId, only));

/** A person's own live memberships, newest first; of one tenant alone where that is named. */
export async function listOwnMembers(db: Db, page: Page, userId: string, only: string | null = null): Promise<Member[]> {
  const { where, orderBy } = keyset(page, [{ column: memberships.id, direction: 'DESC', type: 'uuid' }]);
  const rows = await selectMembers(db)
    .where(and(eq(memberships.userId, userId), live, inTenant(only), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
  return rows.map(toMember);
}

/** How many live memberships a person has. */
export async function countOwnMembers(db: Db, userId: string, only: string | null = null): Promise<number> {
  const [row] = await db
    .select({ total: count() })
    .from(memberships)
    .where(and(eq(memberships.userId, userId), live, inTenant(only)));
  return row?.total ?? 0;
}

/** How many active owners with usable accounts a tenant has, one membership left out. */
export async function countOtherOwners(tx: Db, organizationId: string, exceptMembershipId: string | null): Promise<number> {
  const [row] = await tx
    .select({ total: count() })
    .from(memberships)
    .innerJoin(roles, and(eq(roles.organizationId, memberships.organizationId), eq(roles.id, memberships.roleId)))
    .leftJoin(people, eq(people.userId, memberships.userId))
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        eq(memberships.status, 'ACTIVE'),
        eq(roles.key, 'OWNER'),
        accountActive,
        exceptMembershipId ? ne(memberships.id, exceptMembershipId) : undefined,
      ),
    );
  return row?.total ?? 0;
}

/** The active administrator with a usable account who joined first; a service account never becomes an owner by itself. */
export async function findOldestAdministrator(tx: Db, organizationId: string, exceptUserId: string): Promise<Member | null> {
  const [row] = await selectMembers(tx)
    .leftJoin(people, eq(people.userId, memberships.userId))
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        eq(memberships.status, 'ACTIVE'),
        eq(roles.key, 'ADMIN'),
        ne(memberships.userId, exceptUserId),
        accountActive,
        ofPerson,
      ),
    )
    .orderBy(asc(memberships.id))
    .limit(1);
  return row ? toMember(row) : null;
}

/** Who owns a tenant and may act. */
export async function listOwnerIds(tx: Db, organizationId: string): Promise<string[]> {
  const rows = await tx
    .select({ userId: memberships.userId })
    .from(memberships)
    .innerJoin(roles, and(eq(roles.organizationId, memberships.organizationId), eq(roles.id, memberships.roleId)))
    .where(and(eq(memberships.organizationId, organizationId), eq(memberships.status, 'ACTIVE'), eq(roles.key, 'OWNER')))
    .orderBy(asc(memberships.id));
  return rows.map(({ userId }) => userId);
}

/** Who looks after a tenant and may act: owners and administrators. */
export async function listKeeperIds(tx: Db, organizationId: string): Promise<string[]> {
  const rows = await tx
    .select({ userId: memberships.userId })
    .from(memberships)
    .innerJoin(roles, and(eq(roles.organizationId, memberships.organizationId), eq(roles.id, memberships.roleId)))
    .where(and(eq(memberships.organizationId, organizationId), eq(memberships.status, 'ACTIVE'), inArray(roles.key, ['OWNER', 'ADMIN'])))
    .orderBy(asc(memberships.id));
  return rows.map(({ userId }) => userId);
}

/** How many live members hold a seat; service accounts hold none. */
export async function countSeatedMembers(tx: Db, organizationId: string): Promise<number> {
  const [row] = await tx
    .select({ total: count() })
    .from(memberships)
    .leftJoin(people, eq(people.userId, memberships.userId))
    .where(and(eq(memberships.organizationId, organizationId), live, ofPerson));
  return row?.total ?? 0;
}

/** Inserts a membership under the name that its person is known by. */
export async function insertMembership(tx: Db, values: Omit<typeof memberships.$inferInsert, 'memberName'>): Promise<Membership> {
  const memberName = sql`coalesce((select ${people.displayName} from ${people} where ${people.userId} = ${values.userId}), '')`;
  const [made] = await tx
    .insert(memberships)
    .values({ ...values, memberName })
    .returning();
  if (!made) throw new Error('the insert gave no row back');
  return made;
}

/** Changes a membership and raises its version. */
export async function updateMembership(
  tx: Db,
  { organizationId, id }: Pick<Membership, 'organizationId' | 'id'>,
  change: Partial<Pick<Membership, 'roleId' | 'title' | 'memberName' | 'status' | 'endedAt' | 'leftSuspended'>>,
): Promise<void> {
  await tx
    .update(memberships)
    .set({ ...change, version: sql`${memberships.version} + 1` })
    .where(and(eq(memberships.organizationId, organizationId), eq(memberships.id, id)));
}

/** A person's memberships, ended ones too, that bear another name. */
export const listOtherwiseNamed = (tx: Db, userId: string, name: string): Promise<Pick<Membership, 'organizationId' | 'id'>[]> =>
  tx
    .select({ organizationId: memberships.organizationId, id: memberships.id })
    .from(memberships)
    .where(and(eq(memberships.userId, userId), ne(memberships.memberName, name)));

/** Renames a membership; that is no change of what its version guards. */
export async function renameMembership(
  tx: Db,
  { organizationId, id }: Pick<Membership, 'organizationId' | 'id'>,
  name: string,
): Promise<void> {
  await tx
    .update(memberships)
    .set({ memberName: name })
    .where(and(eq(memberships.organizationId, organizationId), eq(memberships.id, id)));
}
