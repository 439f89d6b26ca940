import type { ChangeBatch, Conversation, LoggedChange, Message, Participant, Reaction } from '../store/index.ts';

/** A change with everything that it is about, read once for all subscribers. */
export interface Change extends LoggedChange {
  readonly message: Message | null;
  readonly participant: Participant | null;
  readonly conversation: Conversation;
  readonly answered: Message | null;
  readonly reactions: readonly Reaction[];
}

/** Puts the rows of a batch beside its changes. */
export function toChanges({ changes, conversation, messages, participants, reactions }: ChangeBatch): Change[] {
  if (!conversation) return [];
  return changes.map((change) => {
    const message = change.messageId ? (messages.get(change.messageId) ?? null) : null;
    return {
      ...change,
      message,
      participant: change.participantId ? (participants.get(change.participantId) ?? null) : null,
      conversation,
      answered: message?.replyToId ? (messages.get(message.replyToId) ?? null) : null,
      reactions: message ? (reactions.get(message.id) ?? []) : [],
    };
  });
}
