import { defineEvent, defineEventFamily } from '@supergraph/platform/events';
import { z } from 'zod';

/** A domain asks that people be told; it has checked that each recipient may see the subject. */
export const notificationRequested = defineEventFamily(
  'notification.requested',
  1,
  'dedupeKey',
  z.object({
    /** Unique per fact: with a recipient it makes at most one notice, for ever. */
    dedupeKey: z.string().min(1).max(300),
    recipientIds: z.array(z.uuid()).min(1).max(500),
    /** The catalogue of notifications maps domain and kind to a category. */
    kind: z.string().regex(/^[A-Z][A-Z_]*$/),
    actorId: z.uuid().nullable(),
    organizationId: z.uuid().nullable(),
    subject: z.object({ type: z.string(), id: z.string() }).nullable(),
    /** Unread notices of one key join into one. */
    groupKey: z.string().max(300).nullable(),
    /** Values for the template; no finished text, no secret. */
    data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    urgency: z.enum(['LOW', 'NORMAL', 'HIGH', 'URGENT']),
    notBefore: z.iso.datetime().nullable(),
    expiresAt: z.iso.datetime().nullable(),
  }),
);

/** A domain takes notices back, because what they told of is gone. */
export const notificationWithdrawn = defineEventFamily(
  'notification.withdrawn',
  1,
  'key',
  z.object({ key: z.string(), dedupeKeys: z.array(z.string()).min(1).max(500) }),
);

/** A person read notices. */
export const notificationRead = defineEvent(
  'notifications.notification.read',
  1,
  'userId',
  z.object({ userId: z.uuid(), notificationIds: z.array(z.uuid()), dedupeKeys: z.array(z.string()) }),
);
