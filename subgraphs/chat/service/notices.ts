import { outbox } from '@supergraph/db/chat/tables';
import type { Db } from '@supergraph/platform/database';
import { emit } from '@supergraph/platform/outbox';
import { notificationRequested, notificationWithdrawn } from '@supergraph/schema/events/notifications';
import type { Context } from '../context.ts';
import { noticeKind } from '../policy.ts';
import { type Conversation, findPeople, type Hearer, type Message } from '../store/index.ts';

const requested = notificationRequested.of('chat');
const withdrawn = notificationWithdrawn.of('chat');
const mostRecipients = 500;

type Kind = NonNullable<ReturnType<typeof noticeKind>> | 'ADDED_TO_GROUP';
interface Notice {
  readonly kind: Kind;
  readonly dedupeKey: string;
  readonly recipientIds: readonly string[];
  readonly subject: { readonly type: string; readonly id: string };
  readonly actorId: string | null;
}

async function ask(ctx: Context, tx: Db, conversation: Conversation, notice: Notice): Promise<void> {
  const [author] = notice.actorId ? await findPeople(tx, [notice.actorId]) : [];
  const { recipientIds, ...rest } = notice;
  for (let from = 0; from < recipientIds.length; from += mostRecipients) {
    await emit(
      ctx,
      tx,
      outbox,
      requested,
      {
        ...rest,
        recipientIds: recipientIds.slice(from, from + mostRecipients),
        organizationId: conversation.organizationId,
        groupKey: conversation.id,
        data: { conversationName: conversation.name, ...(author ? { authorName: author.displayName } : {}) },
        urgency: notice.kind === 'GROUP_MESSAGE' ? 'LOW' : 'NORMAL',
        notBefore: null,
        expiresAt: null,
      },
      { organizationId: conversation.organizationId },
    );
  }
}

/** One key per message: with a recipient it makes at most one notice, whatever its kind. */
const messageKey = ({ id }: Pick<Message, 'id'>): string => `chat.message:${id}`;

/** Tells those who hear of a message, as their levels and muting allow. */
export async function noticeMessage(
  ctx: Context,
  tx: Db,
  conversation: Conversation,
  message: Message,
  hearers: readonly Hearer[],
): Promise<void> {
  const now = ctx.now();
  const mentioned = new Set(message.mentionedUserIds);
  const byKind = Map.groupBy(hearers, (hearer) =>
    noticeKind(conversation, hearer, message.mentionsAll || mentioned.has(hearer.userId), now),
  );
  for (const [kind, people] of byKind) {
    if (!kind) continue;
    const recipientIds = people.map(({ userId }) => userId);
    const subject = { type: 'Message', id: message.id };
    await ask(ctx, tx, conversation, { kind, dedupeKey: messageKey(message), recipientIds, subject, actorId: message.authorId });
  }
}

/** Takes the notices of a message back. */
export async function withdrawNotices(ctx: Context, tx: Db, conversation: Conversation, message: Message): Promise<void> {
  const key = messageKey(message);
  await emit(ctx, tx, outbox, withdrawn, { key, dedupeKeys: [key] }, { organizationId: conversation.organizationId });
}

/** Tells people that they are in a group now. */
export async function noticeAdded(
  ctx: Context,
  tx: Db,
  conversation: Conversation,
  added: readonly { id: string; userId: string }[],
  actorId: string,
): Promise<void> {
  const subject = { type: 'Conversation', id: conversation.id };
  const first = added[0];
  if (!first) return;
  // The first place's id is new with every adding, so that a return is told again.
  const notice = { kind: 'ADDED_TO_GROUP' as const, dedupeKey: `chat.participant:${first.id}`, subject, actorId };
  await ask(ctx, tx, conversation, { ...notice, recipientIds: added.map(({ userId }) => userId) });
}
