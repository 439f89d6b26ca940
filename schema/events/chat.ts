import { defineEvent } from '@supergraph/platform/events';
import { z } from 'zod';

const conversation = z.object({
  conversationId: z.uuid(),
  organizationId: z.uuid().nullable(),
  kind: z.enum(['DIRECT', 'GROUP']),
  subject: z.object({ type: z.string(), id: z.string() }).nullable(),
});

/** A conversation began. */
export const conversationCreated = defineEvent('chat.conversation.created', 1, 'conversationId', conversation);

/** A conversation's name, topic or settings changed. */
export const conversationUpdated = defineEvent('chat.conversation.updated', 1, 'conversationId', conversation);

const participant = z.object({ conversationId: z.uuid(), userId: z.uuid(), role: z.enum(['OWNER', 'ADMIN', 'MEMBER']) });

/** Somebody takes part from now on. */
export const participantAdded = defineEvent('chat.participant.added', 1, 'conversationId', participant);

/** Somebody no longer takes part. */
export const participantRemoved = defineEvent('chat.participant.removed', 1, 'conversationId', participant);

/** A message was sent; its text stays in chat. */
export const messageSent = defineEvent(
  'chat.message.sent',
  1,
  'conversationId',
  z.object({
    messageId: z.uuid(),
    conversationId: z.uuid(),
    organizationId: z.uuid().nullable(),
    seq: z.int(),
    authorId: z.uuid(),
    mentionedUserIds: z.array(z.uuid()),
    hasAttachments: z.boolean(),
  }),
);

const message = z.object({ messageId: z.uuid(), conversationId: z.uuid() });

/** A message's text changed. */
export const messageEdited = defineEvent('chat.message.edited', 1, 'conversationId', message);

/** A message's text is gone. */
export const messageDeleted = defineEvent('chat.message.deleted', 1, 'conversationId', message);
