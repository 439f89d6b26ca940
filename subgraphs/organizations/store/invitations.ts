import { invitations, memberships, organizations, people, roles } from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, count, desc, eq, gt, inArray, lte, ne, type SQL, sql } from 'drizzle-orm';
import type { Organization } from './organizations.ts';
import type { Role } from './roles.ts';
import { findTeams, type Team } from './teams.ts';

/** An invitation with what it offers and who offers it. */
export type Invitation = typeof invitations.$inferSelect & {
  readonly role: Role;
  /** Those of its teams that are still there. */
  readonly teams: readonly Team[];
  readonly organization: Pick<Organization, 'id' | 'name' | 'slug' | 'status'>;
};
export type InvitationStatus = Invitation['status'];

const setAddress = (emailFold: string) => sql`select set_config('app.invited_address', ${emailFold}, true)`;
const setLink = (tokenHash: string) => sql`select set_config('app.invitation_link', ${tokenHash}, true)`;

/** Opens a transaction in which the invitations of one verified address can be read, and nothing else of any tenant. */
export const asInvited = <Result>(db: Db, emailFold: string, work: (tx: Db) => Promise<Result>): Promise<Result> =>
  db.transaction(async (tx) => {
    await tx.execute(setAddress(emailFold));
    const result = await work(tx);
    await tx.execute(setAddress(''));
    return result;
  });

/** Opens a transaction in which the one invitation of a link can be read, and nothing else of any tenant. */
export const asHolder = <Result>(db: Db, tokenHash: string, work: (tx: Db) => Promise<Result>): Promise<Result> =>
  db.transaction(async (tx) => {
    await tx.execute(setLink(tokenHash));
    const result = await work(tx);
    await tx.execute(setLink(''));
    return result;
  });

const selectInvitations = (db: Db) =>
  db
    .select({
      invitation: invitations,
      role: roles,
      organization: { id: organizations.id, name: organizations.name, slug: organizations.slug, status: organizations.status },
    })
    .from(invitations)
    .innerJoin(roles, and(eq(roles.organizationId, invitations.organizationId), eq(roles.id, invitations.roleId)))
    .innerJoin(organizations, and(eq(organizations.id, invitations.organizationId), ne(organizations.status, 'DELETED')))
    .$dynamic();

type Row = { invitation: typeof invitations.$inferSelect; role: Role; organization: Invitation['organization'] };

/** Adds the teams, in one look for all rows. */
async function toInvitations(tx: Db, rows: readonly Row[]): Promise<Invitation[]> {
  const ids = [...new Set(rows.flatMap(({ invitation }) => invitation.teamIds))];
  const found = new Map(ids.length === 0 ? [] : (await findTeams(tx, ids)).map((team) => [team.id, team]));
  return rows.map(({ invitation, role, organization }) => ({
    ...invitation,
    role,
    organization,
    teams: invitation.teamIds.flatMap((id) => found.get(id) ?? []),
  }));
}

const open = (now: Date) => and(eq(invitations.status, 'PENDING'), gt(invitations.expiresAt, now));

/** The open invitation of a link. */
export async function findByLink(tx: Db, tokenHash: string, now: Date): Promise<Invitation | null> {
  const rows = await selectInvitations(tx).where(and(eq(invitations.tokenHash, tokenHash), open(now)));
  return (await toInvitations(tx, rows))[0] ?? null;
}

/** The open invitations of an address, newest first. */
export async function listByAddress(tx: Db, emailFold: string, now: Date, limit: number): Promise<Invitation[]> {
  const rows = await selectInvitations(tx)
    .where(and(eq(invitations.emailFold, emailFold), open(now)))
    .orderBy(desc(invitations.id))
    .limit(limit);
  return toInvitations(tx, rows);
}

/** An address's open invitation by id. */
export async function findByAddress(tx: Db, emailFold: string, id: string, now: Date): Promise<Invitation | null> {
  const rows = await selectInvitations(tx).where(and(eq(invitations.emailFold, emailFold), eq(invitations.id, id), open(now)));
  return (await toInvitations(tx, rows))[0] ?? null;
}

/** A tenant's invitations by id. */
export async function findInvitationsOf(tx: Db, organizationId: string, ids: readonly string[]): Promise<Invitation[]> {
  const rows = await selectInvitations(tx).where(and(eq(invitations.organizationId, organizationId), inArray(invitations.id, [...ids])));
  return toInvitations(tx, rows);
}

const wanted = (organizationId: string, status: InvitationStatus | undefined, now: Date): SQL | undefined => {
  const ofTenant = eq(invitations.organizationId, organizationId);
  if (status === 'PENDING') return and(ofTenant, open(now));
  if (status === 'EXPIRED') return and(ofTenant, eq(invitations.status, 'PENDING'), lte(invitations.expiresAt, now));
  return and(ofTenant, status ? eq(invitations.status, status) : undefined);
};

/** A tenant's invitations, newest first. */
export async function listInvitations(
  tx: Db,
  page: Page,
  organizationId: string,
  status: InvitationStatus | undefined,
  now: Date,
): Promise<Invitation[]> {
  const { where, orderBy } = keyset(page, [{ column: invitations.id, direction: 'DESC', type: 'uuid' }]);
  const rows = await selectInvitations(tx)
    .where(and(wanted(organizationId, status, now), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
  return toInvitations(tx, rows);
}

/** How many of a tenant's invitations have a status; open ones hold seats. */
export async function countInvitations(tx: Db, organizationId: string, status: InvitationStatus | undefined, now: Date): Promise<number> {
  const [row] = await tx
    .select({ total: count() })
    .from(invitations)
    .where(wanted(organizationId, status, now));
  return row?.total ?? 0;
}

/** Which of these addresses hold a seat already, by an open invitation. */
export async function findOpenAddresses(tx: Db, organizationId: string, emailFolds: readonly string[], now: Date): Promise<Set<string>> {
  const rows = await tx
    .select({ emailFold: invitations.emailFold })
    .from(invitations)
    .where(and(eq(invitations.organizationId, organizationId), inArray(invitations.emailFold, [...emailFolds]), open(now)));
  return new Set(rows.map(({ emailFold }) => emailFold));
}

/** Which of these addresses belong to live members. */
export async function findMemberAddresses(tx: Db, organizationId: string, emailFolds: readonly string[]): Promise<Set<string>> {
  const rows = await tx
    .select({ emailFold: people.emailFold })
    .from(people)
    .innerJoin(memberships, eq(memberships.userId, people.userId))
    .where(
      and(
        inArray(people.emailFold, [...emailFolds]),
        eq(memberships.organizationId, organizationId),
        inArray(memberships.status, ['ACTIVE', 'SUSPENDED']),
      ),
    );
  return new Set(rows.flatMap(({ emailFold }) => (emailFold === null ? [] : [emailFold])));
}

/** Makes invitations; a pending one of the same address gets the new role, term and link. */
export async function upsertInvitations(tx: Db, values: (typeof invitations.$inferInsert)[]): Promise<(typeof invitations.$inferSelect)[]> {
  return tx
    .insert(invitations)
    .values(values)
    .onConflictDoUpdate({
      target: [invitations.organizationId, invitations.emailFold],
      targetWhere: sql`status = 'PENDING'`,
      set: {
        email: sql`excluded.email`,
        roleId: sql`excluded.role_id`,
        teamIds: sql`excluded.team_ids`,
        invitedById: sql`excluded.invited_by_id`,
        inviteeUserId: sql`excluded.invitee_user_id`,
        tokenHash: sql`excluded.token_hash`,
        expiresAt: sql`excluded.expires_at`,
        round: sql`${invitations.round} + 1`,
      },
    })
    .returning();
}

/** Inserts one invitation as it is. */
export async function insertInvitation(tx: Db, values: typeof invitations.$inferInsert): Promise<void> {
  await tx.insert(invitations).values(values);
}

/** Whether an address said no to a tenant; inside the address's door. */
export async function hasDeclined(tx: Db, organizationId: string, emailFold: string): Promise<boolean> {
  const rows = await tx
    .select({ id: invitations.id })
    .from(invitations)
    .where(and(eq(invitations.organizationId, organizationId), eq(invitations.emailFold, emailFold), eq(invitations.status, 'DECLINED')))
    .limit(1);
  return rows.length > 0;
}

/** Answers or takes back an invitation that is still pending; false when it no longer is. */
export async function closeInvitation(
  tx: Db,
  { organizationId, id }: Pick<Invitation, 'organizationId' | 'id'>,
  status: InvitationStatus,
  now: Date,
): Promise<boolean> {
  const closed = await tx
    .update(invitations)
    .set({ status, answeredAt: now })
    .where(and(eq(invitations.organizationId, organizationId), eq(invitations.id, id), eq(invitations.status, 'PENDING')))
    .returning({ id: invitations.id });
  return closed.length > 0;
}
