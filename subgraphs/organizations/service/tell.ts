import { outbox } from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import type { EventContract } from '@supergraph/platform/events';
import { emit, type Emitter } from '@supergraph/platform/outbox';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import type { memberAdded, memberRemoved, organizationCreated } from '@supergraph/schema/events/organizations';
import { permissionsOfMember } from '../policy.ts';
import type { Member } from '../store/memberships.ts';
import type { Organization, Settings } from '../store/organizations.ts';

/** Writes an event of a tenant into the outbox. */
export const tell = <Payload extends { readonly organizationId: string | null }>(
  ctx: Emitter,
  tx: Db,
  contract: EventContract<Payload>,
  payload: Payload,
): Promise<void> => emit(ctx, tx, outbox, contract, payload, { organizationId: payload.organizationId });

/** Tells how a tenant is described now; the epoch orders the tellings. */
export const tellDescription = (
  ctx: Emitter,
  tx: Db,
  contract: typeof organizationCreated,
  { id, slug, name, epoch }: Organization,
  { locale, timeZone, currency }: Pick<Settings, 'locale' | 'timeZone' | 'currency'>,
): Promise<void> =>
  tell(ctx, tx, contract, { organizationId: id, slug, name, logoFileId: null, locale, timeZone, currency, version: epoch });

/** Tells what an active member may do from now on. */
export const tellActive = (ctx: Emitter, tx: Db, contract: typeof memberAdded, member: Member, epoch: number): Promise<void> =>
  tell(ctx, tx, contract, {
    organizationId: member.organizationId,
    membershipId: member.id,
    userId: member.userId,
    epoch,
    roleKey: member.role.key,
    permissions: [...permissionsOfMember(member)],
    teamIds: [...member.teamIds],
  });

type Ended = Parameters<(typeof memberRemoved)['keyOf']>[0];

/** Tells that a member may no longer act, or may again. */
export const tellStanding = (
  ctx: Emitter,
  tx: Db,
  contract: EventContract<Ended>,
  { organizationId, id, userId }: Member,
  epoch: number,
  reason: Ended['reason'],
): Promise<void> => tell(ctx, tx, contract, { organizationId, membershipId: id, userId, epoch, reason });

const requested = notificationRequested.of('organizations');

export interface Notice {
  readonly kind: 'INVITED' | 'ROLE_CHANGED' | 'REMOVED' | 'OWNERSHIP' | 'QUOTA_NEAR' | 'DOMAIN_FAILING' | 'ORGANIZATION_ARCHIVED';
  readonly recipientId: string;
  readonly organization: Pick<Organization, 'id' | 'name'>;
  readonly subject: { readonly type: string; readonly id: string };
  /** What makes the fact one of its own beside kind and subject. */
  readonly fact: string | number;
  readonly data?: Readonly<Record<string, string>>;
  readonly expiresAt?: Date;
}

/** Asks that a person be told. */
export const requestNotice = (ctx: Emitter, tx: Db, notice: Notice): Promise<void> =>
  tell(ctx, tx, requested, {
    dedupeKey: `organizations:${notice.kind.toLowerCase()}:${notice.subject.id}:${notice.fact}`,
    recipientIds: [notice.recipientId],
    kind: notice.kind,
    actorId: ctx.viewer?.userId ?? null,
    organizationId: notice.organization.id,
    subject: notice.subject,
    groupKey: null,
    data: { organizationName: notice.organization.name, ...notice.data },
    urgency: 'NORMAL',
    notBefore: null,
    expiresAt: notice.expiresAt?.toISOString() ?? null,
  });
