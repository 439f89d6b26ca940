import { idInput, optional, text } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Which } from '../store/notices.ts';

/** How many notices one call names, or shows as changed. */
export const mostNamed = 100;

const flag = optional(z.boolean());

export const Ids = z
  .array(idInput)
  .min(1, 'must name at least one notice')
  .max(mostNamed, `must name at most ${mostNamed} notices`)
  .transform((ids) => [...new Set(ids)]);

export const Subject = z.strictObject({ type: text({ min: 1, max: 100 }), id: text({ min: 1, max: 300 }) });

export const Filter = z
  .strictObject({
    unreadOnly: flag,
    unseenOnly: flag,
    categories: optional(
      z
        .array(text({ min: 1, max: 100 }))
        .min(1, 'must name at least one category')
        .max(50, 'must name at most 50 categories'),
    ),
    organizationId: optional(idInput),
    subject: optional(Subject),
    archived: flag,
    snoozed: flag,
  })
  .refine(({ archived, snoozed }) => !(archived && snoozed), { path: ['snoozed'], message: 'cannot be combined with archived' });

/** What a filter means for the store. */
export const toWhich = (filter: z.output<typeof Filter> | undefined): Which => ({
  place: filter?.archived ? 'ARCHIVED' : filter?.snoozed ? 'SNOOZED' : 'FEED',
  unread: filter?.unreadOnly,
  unseen: filter?.unseenOnly,
  categories: filter?.categories,
  organizationId: filter?.organizationId,
  subject: filter?.subject,
});
