import {
  auditEvents,
  invitations,
  memberships,
  organizations,
  people,
  roles,
  teamMembers,
  teams,
} from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { behind, type Reading } from '@supergraph/platform/personal-data';
import { and, asc, eq, isNotNull, ne, or } from 'drizzle-orm';
import { asInvited } from './invitations.ts';

type Page = Pick<Reading, 'tx' | 'userId' | 'after' | 'limit'>;
/** A row of a tenant that names the person. */
export interface OwnRow {
  readonly id: string;
  readonly organizationId: string;
}

/** What stands where an address was: of a domain that nobody can have (RFC 2606). */
export const erasedAddress = 'erased@erased.invalid';

/** The copy of the person's names and address. */
export const readPerson = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      userId: people.userId,
      handle: people.handle,
      displayName: people.displayName,
      email: people.emailFold,
      locale: people.locale,
    })
    .from(people)
    .where(and(eq(people.userId, userId), behind([people.userId], after)))
    .limit(limit);

/** Where the person is or was a member; roles can be read while they are. */
export const readMemberships = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      id: memberships.id,
      organizationId: memberships.organizationId,
      organization: organizations.name,
      role: roles.name,
      status: memberships.status,
      joinedBy: memberships.joinedBy,
      title: memberships.title,
      memberName: memberships.memberName,
      joinedAt: memberships.joinedAt,
      endedAt: memberships.endedAt,
    })
    .from(memberships)
    .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
    .leftJoin(roles, and(eq(roles.organizationId, memberships.organizationId), eq(roles.id, memberships.roleId)))
    .where(and(eq(memberships.userId, userId), behind([memberships.id], after)))
    .orderBy(asc(memberships.id))
    .limit(limit);

/** The teams that the person is in. */
export const readTeams = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({ teamId: teams.id, organizationId: teams.organizationId, team: teams.name })
    .from(memberships)
    .innerJoin(teamMembers, and(eq(teamMembers.organizationId, memberships.organizationId), eq(teamMembers.membershipId, memberships.id)))
    .innerJoin(teams, and(eq(teams.organizationId, teamMembers.organizationId), eq(teams.id, teamMembers.teamId)))
    .where(and(eq(memberships.userId, userId), behind([teams.id], after)))
    .orderBy(asc(teams.id))
    .limit(limit);

const invitationColumns = {
  id: invitations.id,
  organizationId: invitations.organizationId,
  status: invitations.status,
  createdAt: invitations.createdAt,
  expiresAt: invitations.expiresAt,
  answeredAt: invitations.answeredAt,
};

/** Invitations to the person. */
export const readInvitations = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({ ...invitationColumns, email: invitations.email })
    .from(invitations)
    .where(and(eq(invitations.inviteeUserId, userId), behind([invitations.id], after)))
    .orderBy(asc(invitations.id))
    .limit(limit);

/** Invitations to the person's address, whoever answered them. */
export async function readAddressed({ tx, userId, after, limit }: Page) {
  const emailFold = await findAddress(tx, userId);
  if (emailFold === null) return [];
  return asInvited(tx, emailFold, (own) =>
    own
      .select({ ...invitationColumns, email: invitations.email })
      .from(invitations)
      .where(and(eq(invitations.emailFold, emailFold), behind([invitations.id], after)))
      .orderBy(asc(invitations.id))
      .limit(limit),
  );
}

/** Invitations that the person sent; whom they invited is theirs. */
export const readSent = ({ tx, userId, after, limit }: Page) =>
  tx
    .select(invitationColumns)
    .from(invitations)
    .where(and(eq(invitations.invitedById, userId), behind([invitations.id], after)))
    .orderBy(asc(invitations.id))
    .limit(limit);

/** What the logs of tenants say that the person did. */
export const readActs = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({ id: auditEvents.id, organizationId: auditEvents.organizationId, name: auditEvents.name, at: auditEvents.at })
    .from(auditEvents)
    .where(and(eq(auditEvents.actorId, userId), behind([auditEvents.id], after)))
    .orderBy(asc(auditEvents.id))
    .limit(limit);

/** The person's verified address as accounts told it last, or null. */
export async function findAddress(db: Db, userId: string): Promise<string | null> {
  const [person] = await db.select({ emailFold: people.emailFold }).from(people).where(eq(people.userId, userId));
  return person?.emailFold ?? null;
}

/** Invitations that still bear an address of the person. */
export async function listNamedInvitations(tx: Db, userId: string, limit: number): Promise<OwnRow[]> {
  const columns = { id: invitations.id, organizationId: invitations.organizationId };
  const named = ne(invitations.emailFold, erasedAddress);
  const answered = await tx
    .select(columns)
    .from(invitations)
    .where(and(eq(invitations.inviteeUserId, userId), named))
    .limit(limit);
  const emailFold = await findAddress(tx, userId);
  if (answered.length > 0 || emailFold === null) return answered;
  return asInvited(tx, emailFold, (own) => own.select(columns).from(invitations).where(eq(invitations.emailFold, emailFold)).limit(limit));
}

/** Takes the address out of an invitation; one that waits is over with it. */
export async function blankInvitation(tx: Db, { id, organizationId }: OwnRow): Promise<void> {
  const here = and(eq(invitations.organizationId, organizationId), eq(invitations.id, id));
  await tx
    .update(invitations)
    .set({ status: 'REVOKED' })
    .where(and(here, eq(invitations.status, 'PENDING')));
  await tx.update(invitations).set({ email: erasedAddress, emailFold: erasedAddress }).where(here);
}

/** Memberships of the person that have their name or words of theirs. */
export const listWorded = (tx: Db, userId: string, limit: number): Promise<OwnRow[]> =>
  tx
    .select({ id: memberships.id, organizationId: memberships.organizationId })
    .from(memberships)
    .where(and(eq(memberships.userId, userId), or(isNotNull(memberships.title), ne(memberships.memberName, ''))))
    .limit(limit);
