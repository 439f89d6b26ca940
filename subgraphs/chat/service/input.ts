import { idInput, nameText, optional, parseInput, text } from '@supergraph/platform/input';
import { z } from 'zod';
import { largestBody, mostMentions, mentionsIn } from '../policy.ts';

/** Markdown as its author wrote it: nothing is trimmed, because leading spaces mean something. */
export const bodyText = z
  .string()
  .transform((value) => value.normalize('NFC'))
  .refine((value) => !/[^\P{Cc}\t\n\r]/u.test(value), 'must not contain control characters')
  .refine((value) => /\S/.test(value), 'must not be empty')
  .refine((value) => value.length <= largestBody, `must have at most ${largestBody} characters`)
  .refine((value) => mentionsIn(value).handles.length <= mostMentions, `must mention at most ${mostMentions} people`);

const settings = z.strictObject({
  historyForNewcomers: optional(z.boolean()),
  onlyAdminsPost: optional(z.boolean()),
  onlyAdminsInvite: optional(z.boolean()),
  receipts: optional(z.boolean()),
});
const userIds = z.array(idInput).min(1, 'must name at least one person').max(200, 'must name at most 200 people');
const topic = text({ max: 1_000 });
const seq = z.union([z.bigint(), z.number()]).transform(Number);
const subject = z.strictObject({
  type: z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,99}$/, 'is no name of a type'),
  id: z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters'),
});
const readSeq = seq.refine((value) => Number.isSafeInteger(value) && value >= 0, 'is no number of a message');

export const StartDirect = z.strictObject({ userId: idInput });
export const NewConversation = z.strictObject({
  name: nameText({ max: 200 }),
  userIds,
  topic: optional(topic),
  settings: optional(settings),
  subject: optional(subject),
  idempotencyKey: optional(z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters')),
});
export const ConversationEdit = z.strictObject({
  id: idInput,
  version: z.int(),
  name: optional(nameText({ max: 200 })),
  topic: optional(topic),
  settings: optional(settings),
});
export const People = z.strictObject({ conversationId: idInput, userIds });
export const OnePerson = z.strictObject({ conversationId: idInput, userId: idInput });
export const NewRole = OnePerson.extend({ role: z.enum(['OWNER', 'ADMIN', 'MEMBER']) });
export const OneConversation = z.strictObject({ conversationId: idInput });
export const View = z.strictObject({
  conversationId: idInput,
  notify: optional(z.enum(['ALL', 'MENTIONS', 'NONE'])),
  mutedUntil: z.date().nullish(),
  pinned: optional(z.boolean()),
  archived: optional(z.boolean()),
  draft: text({ max: largestBody }).nullish(),
});
export const NewMessage = z.strictObject({
  conversationId: idInput,
  clientMessageId: nameText({ max: 100 }),
  body: z.preprocess((value) => value ?? '', bodyText),
  replyToId: optional(idInput),
});
export const MessageEdit = z.strictObject({ id: idInput, version: z.int(), body: bodyText });
export const OneMessage = z.strictObject({ id: idInput });
export const Reacting = z.strictObject({
  id: idInput,
  // One picture as people see it: a single grapheme that is an emoji.
  emoji: z
    .string()
    .max(40, 'must be one emoji')
    .refine(
      (value) =>
        /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20E3/u.test(value) && [...new Intl.Segmenter().segment(value)].length === 1,
      'must be one emoji',
    ),
  on: z.boolean(),
});
export const Pinning = z.strictObject({ id: idInput, pinned: z.boolean() });
export const Reading = z.strictObject({ conversationId: idInput, seq: readSeq });
export const Typing = z.strictObject({ conversationId: idInput, typing: z.boolean() });

const First = z.strictObject({ first: optional(z.int().min(1, 'must be between 1 and 100').max(100, 'must be between 1 and 100')) });

/** How many of a short list are wanted; 20 unless said. */
export const demandFirst = (first: number | null | undefined): number => parseInput(First, { first }).first ?? 20;
