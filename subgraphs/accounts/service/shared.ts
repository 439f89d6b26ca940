import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { DomainError, unauthenticated } from '@supergraph/platform/errors';
import { text } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { z } from 'zod';
import type { Context } from '../context.ts';

/** What people know this platform as. */
export const platformName = 'Supergraph';
export const minuteMs = 60_000;
export const dayMs = 24 * 60 * minuteMs;

/** The answer to a wrong password, an unknown person and a closed path alike. */
export const wrongCredentials = () => unauthenticated('wrong credentials');

/** A link or a flow that is unknown, used or over: which of them is nobody's business. */
export const noLongerValid = (thing: string) => new DomainError('NOT_FOUND', `this ${thing} is no longer valid; begin again`);

/** Where a request comes from, as far as one party commands it: an IPv4 address, or the first 64 bits of an IPv6 one. */
export function networkOf({ client: { ipAddress } }: Pick<Context, 'client'>): string {
  if (!ipAddress) return 'unknown';
  const address = ipAddress.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase();
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter(Boolean);
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter(Boolean).length;
  const whole = [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail ?? '').split(':').filter(Boolean)];
  return `${whole
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** An input field that says why. */
export const reasonText = text({ max: 500 });

/** A client's key against doing things twice. */
export const idempotencyKeyInput = z
  .string()
  .min(1, 'must not be empty')
  .max(200, 'must have at most 200 characters')
  .refine((value) => !/\p{Cc}/u.test(value), 'must not contain control characters');

export type NoticeKind =
  | 'CREDENTIAL_CHANGED'
  | 'NEW_DEVICE'
  | 'SESSION_COMPROMISED'
  | 'EMAIL_CHANGED'
  | 'TOKEN_EXPIRING'
  | 'IMPERSONATED'
  | 'DELETION_SCHEDULED';

/** Asks that a person be told of something that touches their account. */
export async function notify(
  ctx: Context,
  tx: Db,
  userId: string,
  kind: NoticeKind,
  fact: string,
  data: Record<string, string | number | boolean | null>,
): Promise<void> {
  await emit(
    ctx,
    tx,
    outbox,
    notificationRequested.of('accounts'),
    {
      dedupeKey: `accounts:${kind}:${fact}`,
      recipientIds: [userId],
      kind,
      actorId: null,
      organizationId: null,
      subject: { type: 'User', id: userId },
      groupKey: null,
      data,
      urgency: kind === 'SESSION_COMPROMISED' ? 'URGENT' : 'HIGH',
      notBefore: null,
      expiresAt: null,
    },
    { organizationId: null },
  );
}
