import { randomBytes } from 'node:crypto';
import { asTenant, type Db } from '@supergraph/platform/database';
import { conflict, notFound } from '@supergraph/platform/errors';
import type { Emitter } from '@supergraph/platform/outbox';
import { memberAdded } from '@supergraph/schema/events/organizations';
import type { Context } from '../context.ts';
import { type DomainWithRole, findDomain, listOpenings, type Opening } from '../store/domains.ts';
import { asInvited, findOpenAddresses, hasDeclined, insertInvitation, type Invitation } from '../store/invitations.ts';
import { findLiveMember, insertMembership, type Member, wasKeptOut } from '../store/memberships.ts';
import { lockOrganization, type Organization, updateOrganization } from '../store/organizations.ts';
import { record } from './audit.ts';
import { hashToken } from './invite.ts';
import { hasSeat, requireSeats, watchNearness } from './quotas.ts';
import { tellActive } from './tell.ts';

const offeredMs = 7 * 86_400_000;

interface Comer {
  readonly userId: string;
  readonly emailFold: string;
}

/**
 * The open domain behind an opening, if this person may come by it: a member does not, nor does whom the tenant removed,
 * or had suspended when they left.
 * An invitation that waits for the address goes before, with the role that somebody chose.
 */
async function findWay(
  tx: Db,
  { organization, domainId }: Opening,
  { userId, emailFold }: Comer,
  now: Date,
): Promise<DomainWithRole | null> {
  const domain = await findDomain(tx, organization.id, domainId);
  const isOpen = domain?.status === 'VERIFIED' && domain.autoJoin && emailFold.endsWith(`@${domain.name}`);
  if (!isOpen || (await findLiveMember(tx, organization.id, userId)) || (await wasKeptOut(tx, organization.id, userId))) return null;
  const isInvited = (await findOpenAddresses(tx, organization.id, [emailFold], now)).size > 0;
  return isInvited ? null : domain;
}

async function join(ctx: Emitter, tx: Db, organization: Organization, domain: DomainWithRole, { userId }: Comer): Promise<Member> {
  const organizationId = organization.id;
  await insertMembership(tx, { organizationId, userId, roleId: domain.joinRoleId, joinedBy: 'DOMAIN', joinedAt: ctx.now() });
  const { epoch } = await updateOrganization(tx, organizationId, {}, 1);
  const member = await findLiveMember(tx, organizationId, userId);
  if (!member) throw new Error('the membership that was made is gone');
  await tellActive(ctx, tx, memberAdded, member, epoch);
  await watchNearness(ctx, tx, organization, 'seats');
  const details = { userId, domain: domain.name, roleKey: member.role.key };
  await record(ctx, tx, organizationId, { name: 'member.joined_by_domain', target: member.id, details, actorId: userId });
  return member;
}

/** A person has a verified address now: they join the tenants whose proven domains it is of. */
export async function joinByAddress(ctx: Emitter, tx: Db, comer: Comer): Promise<void> {
  for (const opening of await asInvited(tx, comer.emailFold, (own) => listOpenings(own, comer.emailFold)))
    await asTenant(tx, opening.organization.id, async (own) => {
      const organization = await lockOrganization(own, opening.organization.id);
      if (organization?.status !== 'ACTIVE') return;
      const domain = await findWay(own, opening, comer, ctx.now());
      // Without a free seat they may still come later, by consent.
      if (domain && (await hasSeat(own, organization.id, ctx.now()))) await join(ctx, own, organization, domain, comer);
    });
}

const toOffer = (
  { id, joinRole, ...domain }: DomainWithRole,
  { organization }: Opening,
  { emailFold, userId }: Comer,
  now: Date,
): Invitation => ({
  id,
  organizationId: domain.organizationId,
  email: emailFold,
  emailFold,
  roleId: joinRole.id,
  role: joinRole,
  status: 'PENDING',
  invitedById: null,
  inviteeUserId: userId,
  teamIds: [],
  teams: [],
  tokenHash: '',
  round: 1,
  expiresAt: new Date(now.getTime() + offeredMs),
  createdAt: domain.createdAt,
  answeredAt: null,
  organization,
});

/** What a person may join by the domain of their verified address, in the form of invitations; their ids are those of the domains. */
export async function listOffers(ctx: Context, comer: Comer): Promise<Invitation[]> {
  const { emailFold } = comer;
  const openings = await asInvited(ctx.db, emailFold, async (tx) => {
    const found = await listOpenings(tx, emailFold);
    const wanted = [];
    for (const opening of found) if (!(await hasDeclined(tx, opening.organization.id, emailFold))) wanted.push(opening);
    return wanted;
  });
  const offers: Invitation[] = [];
  for (const opening of openings) {
    const domain = await asTenant(ctx.db, opening.organization.id, (tx) => findWay(tx, opening, comer, ctx.now()));
    if (domain) offers.push(toOffer(domain, opening, comer, ctx.now()));
  }
  return offers;
}

/** Makes a person a member by the domain of their address, because they said so. The tenant's row must be locked. */
export async function acceptOffer(ctx: Context, tx: Db, organization: Organization, offer: Invitation, comer: Comer): Promise<Member> {
  const domain = await findWay(tx, { domainId: offer.id, organization: offer.organization }, comer, ctx.now());
  if (!domain) {
    if (await findLiveMember(tx, organization.id, comer.userId)) throw conflict('you are a member already', { reason: 'ALREADY_MEMBER' });
    throw notFound('Invitation');
  }
  await requireSeats(tx, organization.id, 1, ctx.now());
  return join(ctx, tx, organization, domain, comer);
}

/** Remembers that a person does not want to join by the domain of their address. */
export async function declineOffer(ctx: Context, tx: Db, offer: Invitation): Promise<void> {
  const { organizationId, email, emailFold, roleId, inviteeUserId } = offer;
  const now = ctx.now();
  const tokenHash = hashToken(randomBytes(32).toString('base64url'));
  const answered = { status: 'DECLINED', answeredAt: now, expiresAt: now, createdAt: now } as const;
  await insertInvitation(tx, { organizationId, email, emailFold, roleId, invitedById: null, inviteeUserId, tokenHash, ...answered });
}
