import type { Change } from './feed/rows.ts';
import type { ReactionGroup } from './loaders.ts';
import type { TypingState } from './service/typing.ts';
import type { Conversation, Message, MessageVersion, Participant } from './store/index.ts';

export type ConversationMapper = Conversation;
export type ConversationParticipantMapper = Participant;
/** The viewer's own row holds their view. */
export type ConversationViewMapper = Participant;
export type ConversationSettingsMapper = Conversation;
export type MessageMapper = Message;
export type MessageReactionMapper = ReactionGroup;
export type MessageVersionMapper = MessageVersion;
export type ConversationChangeMapper = Change;
export type TypingStateMapper = TypingState;
