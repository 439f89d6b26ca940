import { reaches, requireUnconfined, requireViewer } from '@supergraph/platform/context';
import { asTenant, type Db } from '@supergraph/platform/database';
import { conflict, forbidden, notFound } from '@supergraph/platform/errors';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { invitationAccepted, invitationDeclined, memberAdded } from '@supergraph/schema/events/organizations';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { canSeeInvitation, isOwner } from '../policy.ts';
import {
  asHolder,
  asInvited,
  closeInvitation,
  countInvitations,
  findByAddress,
  findByLink,
  findInvitationsOf,
  type Invitation,
  listByAddress,
  listInvitations,
} from '../store/invitations.ts';
import { findLiveMember, insertMembership, type Member } from '../store/memberships.ts';
import { lockOrganization, type Organization, updateOrganization } from '../store/organizations.ts';
import { foldAddress } from '../store/people.ts';
import { record } from './audit.ts';
import { hashToken } from './invite.ts';
import { acceptOffer, declineOffer, listOffers } from './domain-joining.ts';
import { joinTeams } from './team-members.ts';
import { tell, tellActive } from './tell.ts';
import { forgetLoaded, requireActive, requireMayOwn } from './tenant.ts';

const ownLimit = 100;
const Wishes = z.strictObject({ status: optional(z.enum(['PENDING', 'ACCEPTED', 'DECLINED', 'REVOKED', 'EXPIRED'])) });
const Answer = z
  .strictObject({ token: optional(z.string().max(200, 'is no token')), invitationId: optional(idInput) })
  .refine(({ token, invitationId }) => (token === undefined) !== (invitationId === undefined), {
    path: ['token'],
    message: 'or invitationId must be given, and not both',
  });

/** An invitation of the chosen tenant, for those who may invite. */
export async function findInvitation(ctx: Context, id: string): Promise<Invitation | null> {
  if (!idInput.safeParse(id).success) return null;
  const invitation = await ctx.loaders.invitationById.load(id);
  return invitation && canSeeInvitation(ctx, invitation) ? invitation : null;
}

/** The invitations of the chosen tenant; null for another one. */
export async function pageOfInvitations(
  ctx: Context,
  { id }: Organization,
  { filter, ...args }: PageArguments & { filter?: unknown },
): Promise<Connection<Invitation> | null> {
  if (ctx.organization?.id !== id) return null;
  const { status } = parseInput(Wishes, filter ?? {});
  const page = readPage(ctx, args, ['invitations', id, status ?? null]);
  const rows = await asTenant(ctx.db, id, (tx) => listInvitations(tx, page, id, status, ctx.now()));
  return toConnection(
    ctx,
    page,
    rows,
    (row) => [row.id],
    () => asTenant(ctx.db, id, (tx) => countInvitations(tx, id, status, ctx.now())),
  );
}

const askAccounts = 'query ($ids: [ID!]!) { userSummaries(ids: $ids) { id email status } }';
interface Summaries {
  readonly userSummaries: readonly ({ readonly id: string; readonly email: string | null; readonly status: string } | null)[];
}

/** The viewer's verified address, case-folded, as accounts knows it right now; null when there is none. */
async function verifiedAddress(ctx: Context): Promise<string | null> {
  const { userId } = requireViewer(ctx);
  const { userSummaries } = await ctx.call<Summaries>('accounts', askAccounts, { ids: [userId] });
  const email = userSummaries.find((summary) => summary?.id === userId)?.email;
  return email ? foldAddress(email) : null;
}

/** The invitations that wait for the viewer's address; null on other people. */
export async function ownInvitations(ctx: Context, userId: string): Promise<Invitation[] | null> {
  if (ctx.viewer?.userId !== userId) return null;
  if (!reaches(ctx, null)) return [];
  const emailFold = await verifiedAddress(ctx);
  if (emailFold === null) return [];
  const invited = await asInvited(ctx.db, emailFold, (tx) => listByAddress(tx, emailFold, ctx.now(), ownLimit));
  return [...invited, ...(await listOffers(ctx, { userId, emailFold }))].slice(0, ownLimit);
}

/** The name of the tenant to which a link invites, for whoever holds it; null for a dead link. */
export async function findInviting(ctx: Context, token: string): Promise<string | null> {
  const tokenHash = hashToken(token);
  const invitation = await asHolder(ctx.db, tokenHash, (tx) => findByLink(tx, tokenHash, ctx.now()));
  return invitation?.organization.name ?? null;
}

/** The open invitation of a link; null for a dead link, FORBIDDEN for a link that went to another address. */
export async function findByToken(ctx: Context, token: string): Promise<Invitation | null> {
  const tokenHash = hashToken(token);
  const invitation = await asHolder(ctx.db, tokenHash, (tx) => findByLink(tx, tokenHash, ctx.now()));
  if (!invitation) return null;
  if ((await verifiedAddress(ctx)) === invitation.emailFold) return invitation;
  throw forbidden(`this invitation to ${invitation.organization.name} was sent to another address; sign in with that one`, {
    reason: 'WRONG_ADDRESS',
    organizationName: invitation.organization.name,
  });
}

async function findById(ctx: Context, id: string): Promise<Invitation | null> {
  const emailFold = await verifiedAddress(ctx);
  if (emailFold === null) return null;
  const invited = await asInvited(ctx.db, emailFold, (tx) => findByAddress(tx, emailFold, id, ctx.now()));
  if (invited) return invited;
  const offers = await listOffers(ctx, { userId: requireViewer(ctx).userId, emailFold });
  return offers.find((offer) => offer.id === id) ?? null;
}

/** Nobody invited: the domain of the address does. */
const isOffer = ({ invitedById }: Invitation): boolean => invitedById === null;

/** Runs an answer to an open invitation of the viewer's, under the lock of the tenant's row. */
async function answer<Result>(
  ctx: Context,
  input: unknown,
  work: (tx: Db, organization: Organization, invitation: Invitation) => Promise<Result>,
): Promise<Result> {
  requireUnconfined(ctx);
  const { token, invitationId } = parseInput(Answer, input);
  const found = token === undefined ? await findById(ctx, invitationId ?? '') : await findByToken(ctx, token);
  if (!found) throw notFound('Invitation');
  const result = await asTenant(ctx.db, found.organizationId, async (tx) => {
    const organization = await lockOrganization(tx, found.organizationId);
    if (organization && isOffer(found)) return work(tx, organization, found);
    // Read again under the lock: in the meantime it may have been answered, taken back or renewed.
    const [invitation] = await findInvitationsOf(tx, found.organizationId, [found.id]);
    const isSame = invitation?.status === 'PENDING' && (token === undefined || invitation.tokenHash === found.tokenHash);
    if (!organization || !isSame) throw notFound('Invitation');
    return work(tx, organization, invitation);
  });
  forgetLoaded(ctx);
  return result;
}

/** Makes the viewer a member of the tenant that invited their address. */
export const acceptInvitation = (ctx: Context, input: unknown): Promise<Member> =>
  answer(ctx, input, async (tx, organization, invitation) => {
    const { userId } = requireViewer(ctx);
    requireActive(organization);
    if (isOffer(invitation)) return acceptOffer(ctx, tx, organization, invitation, { userId, emailFold: invitation.emailFold });
    if (await findLiveMember(tx, organization.id, userId)) throw conflict('you are a member already', { reason: 'ALREADY_MEMBER' });
    if (isOwner(invitation)) await requireMayOwn(ctx, tx, userId);
    if (!(await closeInvitation(tx, invitation, 'ACCEPTED', ctx.now()))) throw notFound('Invitation');
    await insertMembership(tx, {
      organizationId: organization.id,
      userId,
      roleId: invitation.roleId,
      joinedBy: 'INVITED',
      joinedAt: ctx.now(),
    });
    const joined = await findLiveMember(tx, organization.id, userId);
    if (joined) await joinTeams(ctx, tx, joined, invitation.teamIds);
    const { epoch } = await updateOrganization(tx, organization.id, {}, 1);
    const member = await findLiveMember(tx, organization.id, userId);
    if (!member) throw new Error('the membership that was made is gone');
    await tell(ctx, tx, invitationAccepted, { organizationId: organization.id, invitationId: invitation.id, userId });
    await tellActive(ctx, tx, memberAdded, member, epoch);
    const details = { membershipId: member.id, roleKey: member.role.key };
    await record(ctx, tx, organization.id, { name: 'invitation.accepted', target: invitation.id, details });
    return member;
  });

/** Says no to an invitation of the viewer's address. */
export const declineInvitation = (ctx: Context, input: unknown): Promise<Invitation> =>
  answer(ctx, input, async (tx, organization, invitation) => {
    if (isOffer(invitation)) await declineOffer(ctx, tx, invitation);
    else if (!(await closeInvitation(tx, invitation, 'DECLINED', ctx.now()))) throw notFound('Invitation');
    await tell(ctx, tx, invitationDeclined, {
      organizationId: organization.id,
      invitationId: invitation.id,
      userId: requireViewer(ctx).userId,
    });
    await record(ctx, tx, organization.id, { name: 'invitation.declined', target: invitation.id });
    return { ...invitation, status: 'DECLINED' };
  });
