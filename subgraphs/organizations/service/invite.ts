import { createHash, randomBytes } from 'node:crypto';
import { idempotency } from '@supergraph/db/organizations/tables';
import { conflict, notFound } from '@supergraph/platform/errors';
import { idempotent } from '@supergraph/platform/idempotency';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { compose, linksAt } from '@supergraph/platform/mail-content';
import { invitationCreated } from '@supergraph/schema/events/organizations';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { invitationPath } from '../paths.ts';
import { isAllowedAddress } from '../policy.ts';
import {
  closeInvitation,
  findInvitationsOf,
  findMemberAddresses,
  findOpenAddresses,
  type Invitation,
  upsertInvitations,
} from '../store/invitations.ts';
import { findSettings, type Settings } from '../store/organizations.ts';
import { findNames, findPeopleByAddress, foldAddress } from '../store/people.ts';
import { record } from './audit.ts';
import { queueMails, type SecretMail } from './mail.ts';
import { requireSeats, spendInvitations, watchNearness } from './quotas.ts';
import { requireTeams, teamIdsInput } from './team-members.ts';
import { requestNotice, tell } from './tell.ts';
import { type Act, actInTenant, requireGrantable, requireRole } from './tenant.ts';

const invite = 'organizations.member.invite';
const idempotencyKey = optional(z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters'));
const Invitations = z.strictObject({
  invitations: z
    .array(z.strictObject({ email: z.string(), roleId: optional(idInput), teamIds: optional(teamIdsInput) }))
    .min(1, 'must be at least 1')
    .max(100, 'must be at most 100'),
  idempotencyKey,
});
const Resending = z.strictObject({ id: idInput, idempotencyKey });
const address = z.email().max(254);

export type FailureCode = 'INVALID_ADDRESS' | 'DUPLICATE' | 'ALREADY_MEMBER' | 'ADDRESS_NOT_ALLOWED';
export interface InvitationFailure {
  readonly index: number;
  readonly email: string;
  readonly code: FailureCode;
  readonly message: string;
}
const messages: Readonly<Record<FailureCode, string>> = {
  INVALID_ADDRESS: 'this is no mail address',
  DUPLICATE: 'the address stands in the request twice',
  ALREADY_MEMBER: 'the address belongs to a member',
  ADDRESS_NOT_ALLOWED: 'the settings allow other mail domains only',
};

interface Wanted {
  readonly index: number;
  readonly email: string;
  readonly emailFold: string;
  readonly roleId: string;
  readonly teamIds: readonly string[];
}

/** What a link carries, as the database keeps it. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('base64url');

/** Invites addresses into the chosen tenant; the bad ones are told apart, the good ones are made. */
export async function inviteMembers(
  ctx: Context,
  input: unknown,
): Promise<{ invitations: Invitation[]; failures: readonly InvitationFailure[] }> {
  const { invitations: given, idempotencyKey: key } = parseInput(Invitations, input);
  return actInTenant(ctx, invite, async (act) => {
    const { tx, organization } = act;
    const request = { operation: 'inviteMembers', key, input: { organizationId: organization.id, given } };
    const answer = await idempotent(ctx, tx, idempotency, request, async () => {
      const settings = await requireSettings(act);
      const all = given.map(({ email, roleId, teamIds = [] }, index) => ({
        index,
        email: email.trim(),
        emailFold: foldAddress(email),
        roleId: roleId ?? settings.defaultRoleId,
        teamIds,
      }));
      await requireRoles(act, all);
      for (const { teamIds, index } of all) if (teamIds.length > 0) await requireTeams(act, teamIds, `invitations.${index}.teamIds`);
      const failures = await findFailures(act, settings, all);
      const failed = new Set(failures.map(({ index }) => index));
      const ids = await makeInvitations(
        ctx,
        act,
        settings,
        all.filter(({ index }) => !failed.has(index)),
      );
      return { ids, failures };
    });
    return { invitations: await inOrder(act, answer.ids), failures: answer.failures };
  });
}

async function requireSettings({ tx, organization }: Act): Promise<Settings> {
  const [settings] = await findSettings(tx, [organization.id]);
  if (!settings) throw new Error('an organization lacks its settings');
  return settings;
}

async function requireRoles(act: Act, wanted: readonly Wanted[]): Promise<void> {
  const firstUses = new Map<string, number>();
  for (const { roleId, index } of wanted) if (!firstUses.has(roleId)) firstUses.set(roleId, index);
  for (const [roleId, index] of firstUses) requireGrantable(act, await requireRole(act, roleId, `invitations.${index}.roleId`));
}

async function findFailures({ tx, organization }: Act, settings: Settings, wanted: readonly Wanted[]): Promise<InvitationFailure[]> {
  const members = await findMemberAddresses(
    tx,
    organization.id,
    wanted.map(({ emailFold }) => emailFold),
  );
  const seen = new Set<string>();
  return wanted.flatMap(({ index, email, emailFold }) => {
    const code = failureOf(emailFold, settings, members, seen);
    seen.add(emailFold);
    return code ? [{ index, email, code, message: messages[code] }] : [];
  });
}

function failureOf(
  emailFold: string,
  settings: Settings,
  members: ReadonlySet<string>,
  seen: ReadonlySet<string>,
): FailureCode | undefined {
  if (!address.safeParse(emailFold).success) return 'INVALID_ADDRESS';
  if (seen.has(emailFold)) return 'DUPLICATE';
  if (members.has(emailFold)) return 'ALREADY_MEMBER';
  return isAllowedAddress(emailFold, settings.allowedInviteDomains) ? undefined : 'ADDRESS_NOT_ALLOWED';
}

async function makeInvitations(ctx: Context, act: Act, settings: Settings, wanted: readonly Omit<Wanted, 'index'>[]): Promise<string[]> {
  if (wanted.length === 0) return [];
  const { tx, organization, actor } = act;
  const now = ctx.now();
  const folds = wanted.map(({ emailFold }) => emailFold);
  const open = await findOpenAddresses(tx, organization.id, folds, now);
  await requireSeats(tx, organization.id, folds.filter((fold) => !open.has(fold)).length, now);
  await spendInvitations(ctx, tx, organization.id, folds.length);
  const known = await findPeopleByAddress(tx, folds);
  const tokens = new Map(folds.map((fold) => [fold, randomBytes(32).toString('base64url')]));
  const tokenOf = (fold: string): string => tokens.get(fold) as string;
  const expiresAt = new Date(now.getTime() + settings.invitationDays * 86_400_000);
  const rows = await upsertInvitations(
    tx,
    wanted.map(({ email, emailFold, roleId, teamIds }) => ({
      organizationId: organization.id,
      email,
      emailFold,
      roleId,
      teamIds: [...teamIds],
      invitedById: actor.userId,
      inviteeUserId: known.get(emailFold) ?? null,
      tokenHash: hashToken(tokenOf(emailFold)),
      expiresAt,
      createdAt: now,
    })),
  );
  const made = await inOrder(
    act,
    rows.map(({ id }) => id),
  );
  for (const invitation of made) await tellOfInvitation(ctx, act, invitation);
  for (const key of ['seats', 'invitations.per_day'] as const) await watchNearness(ctx, tx, organization, key);
  const inviter = (await findNames(tx, [actor.userId])).get(actor.userId) ?? '';
  await queueMails(
    ctx,
    tx,
    organization.id,
    made.map((invitation) => toMail(ctx, invitation, inviter, tokenOf(invitation.emailFold))),
  );
  return made.map(({ id }) => id);
}

async function tellOfInvitation(ctx: Context, { tx, organization, actor }: Act, invitation: Invitation): Promise<void> {
  const { id, inviteeUserId, role, round, expiresAt } = invitation;
  await tell(ctx, tx, invitationCreated, {
    organizationId: organization.id,
    invitationId: id,
    inviteeUserId,
    roleKey: role.key,
    invitedById: actor.userId,
  });
  const name = round === 1 ? 'invitation.created' : 'invitation.renewed';
  await record(ctx, tx, organization.id, { name, target: id, details: { roleKey: role.key, teamIds: invitation.teamIds } });
  if (!inviteeUserId) return;
  const subject = { type: 'OrganizationInvitation', id };
  await requestNotice(ctx, tx, {
    kind: 'INVITED',
    recipientId: inviteeUserId,
    organization,
    subject,
    fact: round,
    data: { roleName: role.name },
    expiresAt,
  });
}

const toMail = (
  { settings }: Context,
  { email, organization, role, expiresAt }: Invitation,
  inviter: string,
  token: string,
): SecretMail => {
  const until = `${expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return {
    to: email,
    ...compose({
      subject: `You are invited to ${organization.name}`,
      paragraphs: [
        `${inviter || 'Somebody'} invites you to join ${organization.name} as ${role.name}.`,
        `Accept or decline here, signed in with this address. The link works once, until ${until}.`,
        'If you did not expect this, you need not do anything.',
      ],
      link: { url: `${linksAt(settings)}${invitationPath}?token=${token}`, label: 'See the invitation' },
    }),
  };
};

async function inOrder({ tx, organization }: Act, ids: readonly string[]): Promise<Invitation[]> {
  if (ids.length === 0) return [];
  const found = new Map((await findInvitationsOf(tx, organization.id, ids)).map((invitation) => [invitation.id, invitation]));
  return ids.flatMap((id) => found.get(id) ?? []);
}

const answered = () => conflict('the invitation was answered or taken back already', { reason: 'INVITATION_ANSWERED' });

async function requirePending(act: Act, id: string): Promise<Invitation> {
  const [invitation] = await findInvitationsOf(act.tx, act.organization.id, [id]);
  if (!invitation) throw notFound('Invitation');
  if (invitation.status !== 'PENDING') throw answered();
  return invitation;
}

/** Sends a new link for a pending invitation; the earlier one is dead. */
export async function resendInvitation(ctx: Context, input: unknown): Promise<Invitation> {
  const { id, idempotencyKey: key } = parseInput(Resending, input);
  return actInTenant(ctx, invite, async (act) => {
    await idempotent(ctx, act.tx, idempotency, { operation: 'resendInvitation', key, input: { id } }, async () => {
      const { email, emailFold, role, teamIds } = await requirePending(act, id);
      requireGrantable(act, role);
      return makeInvitations(ctx, act, await requireSettings(act), [{ email, emailFold, roleId: role.id, teamIds }]);
    });
    const [invitation] = await inOrder(act, [id]);
    if (!invitation) throw notFound('Invitation');
    return invitation;
  });
}

/** Takes a pending invitation back. */
export async function revokeInvitation(ctx: Context, input: unknown): Promise<Invitation> {
  const { id } = parseInput(z.strictObject({ id: idInput }), input);
  return actInTenant(ctx, invite, async (act) => {
    const invitation = await requirePending(act, id);
    if (!(await closeInvitation(act.tx, invitation, 'REVOKED', ctx.now()))) throw answered();
    await record(ctx, act.tx, act.organization.id, { name: 'invitation.revoked', target: id });
    return { ...invitation, status: 'REVOKED' };
  });
}
