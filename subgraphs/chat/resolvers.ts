import type { Edge } from '@supergraph/platform/page';
import type { Change } from './feed/rows.ts';
import type { CompleteResolvers } from './schema.types.ts';
import { findConversation, findMessage } from './service/access.ts';
import {
  countUnreadConversations,
  createConversation,
  findConversationForSubject,
  findDirect,
  pageOfConversations,
  pageOfParticipants,
  pageOfReaders,
  startDirect,
  updateConversation,
} from './service/conversations.ts';
import { changeCursor } from './service/cursors.ts';
import {
  findAnswered,
  findLastMessage,
  listEarlierVersions,
  listPinned,
  listReactions,
  pageOfMessages,
  readReceipt,
} from './service/history.ts';
import { demandFirst } from './service/input.ts';
import { deleteMessage, editMessage, eraseEarlierVersions, pinMessage, reactToMessage, sendMessage } from './service/messages.ts';
import { addParticipants, leave, removeParticipant, setRole } from './service/participants.ts';
import { markRead, markUnread, setView } from './service/read-state.ts';
import { listTypists, setTyping, type TypingState, watchTyping } from './service/typing.ts';
import { watchChanges, watchMessages } from './service/watching.ts';
import type { Message } from './store/index.ts';

const person = (id: string | null) => (id ? { id } : null);

export const resolvers: CompleteResolvers = {
  Query: {
    conversation: (_, { id }, ctx) => findConversation(ctx, id),
    conversationForSubject: (_, subject, ctx) => findConversationForSubject(ctx, subject),
    message: (_, { id }, ctx) => findMessage(ctx, id),
  },
  Mutation: {
    startDirectConversation: async (_, { input }, ctx) => ({ conversation: await startDirect(ctx, input) }),
    createConversation: async (_, { input }, ctx) => ({ conversation: await createConversation(ctx, input) }),
    updateConversation: async (_, { input }, ctx) => ({ conversation: await updateConversation(ctx, input) }),
    addConversationParticipants: async (_, { input }, ctx) => ({ conversation: await addParticipants(ctx, input) }),
    removeConversationParticipant: async (_, { input }, ctx) => ({ conversation: await removeParticipant(ctx, input) }),
    setConversationRole: async (_, { input }, ctx) => ({ conversation: await setRole(ctx, input) }),
    leaveConversation: async (_, { input }, ctx) => ({ conversationId: await leave(ctx, input), conversation: null }),
    setConversationView: async (_, { input }, ctx) => ({ view: await setView(ctx, input) }),
    sendMessage: async (_, { input }, ctx) => ({ message: await sendMessage(ctx, input) }),
    editMessage: async (_, { input }, ctx) => ({ message: await editMessage(ctx, input) }),
    deleteMessage: async (_, { input }, ctx) => ({ message: await deleteMessage(ctx, input) }),
    eraseEarlierVersions: async (_, { input }, ctx) => ({ message: await eraseEarlierVersions(ctx, input) }),
    pinMessage: async (_, { input }, ctx) => ({ message: await pinMessage(ctx, input) }),
    reactToMessage: async (_, { input }, ctx) => ({ message: await reactToMessage(ctx, input) }),
    markConversationRead: async (_, { input }, ctx) => ({ view: await markRead(ctx, input) }),
    markConversationUnread: async (_, { input }, ctx) => ({ view: await markUnread(ctx, input) }),
    setTyping: async (_, { input }, ctx) => {
      await setTyping(ctx, input);
      return { ok: true };
    },
  },
  Subscription: {
    messageAdded: {
      subscribe: (_, { conversationId, after }, ctx) => watchMessages(ctx, conversationId, after ?? null),
      resolve: (edge: Edge<Message>) => edge,
    },
    conversationChanged: {
      subscribe: (_, { conversationId, after }, ctx) => watchChanges(ctx, conversationId, after ?? null),
      resolve: (change: Change) => change,
    },
    typingChanged: {
      subscribe: (_, { conversationId }, ctx) => watchTyping(ctx, conversationId),
      resolve: (state: TypingState) => state,
    },
  },
  Conversation: {
    __resolveReference: ({ id }, ctx) => findConversation(ctx, id),
    organization: ({ organizationId }) => person(organizationId),
    subject: ({ subjectType, subjectId }) => (subjectType && subjectId ? { type: subjectType, id: subjectId } : null),
    createdBy: ({ createdById }) => person(createdById),
    participants: (conversation, args, ctx) => pageOfParticipants(ctx, conversation, args),
    viewer: ({ id }, _, ctx) => ctx.loaders.viewerPlace.load(id),
    settings: (conversation) => conversation,
    messages: (conversation, args, ctx) => pageOfMessages(ctx, conversation, args),
    readBy: (conversation, args, ctx) => pageOfReaders(ctx, conversation, args),
    pinned: (conversation, _, ctx) => listPinned(ctx, conversation),
    lastMessage: (conversation, _, ctx) => findLastMessage(ctx, conversation),
    typing: ({ id }, _, ctx) => listTypists(ctx, id).map((userId) => ({ id: userId })),
    cursor: ({ id, lastChange }, _, ctx) => changeCursor(ctx, id, lastChange),
  },
  ConversationParticipant: {
    user: ({ userId }) => ({ id: userId }),
    lastReadSeq: async (participant, _, ctx) => (await readReceipt(ctx, participant))?.lastReadSeq,
    lastReadAt: async (participant, _, ctx) => (await readReceipt(ctx, participant))?.lastReadAt,
  },
  ConversationView: {
    markedUnread: ({ unreadFrom }) => unreadFrom !== null,
    request: () => 'NONE',
  },
  Message: {
    __resolveReference: ({ id }, ctx) => findMessage(ctx, id),
    conversation: async ({ conversationId }, _, ctx) => {
      const conversation = await findConversation(ctx, conversationId);
      if (!conversation) throw new Error('a message was shown without its conversation');
      return conversation;
    },
    author: ({ authorId }) => person(authorId),
    mentions: ({ mentionedUserIds }) => mentionedUserIds.map((id) => ({ id })),
    replyTo: (message, _, ctx) => findAnswered(ctx, message),
    reactions: (message, _, ctx) => listReactions(ctx, message),
    clientMessageId: ({ authorId, clientMessageId }, _, ctx) => (authorId === ctx.viewer?.userId ? clientMessageId : null),
    deletedBy: ({ deletedById }) => person(deletedById),
    earlierVersions: (message, _, ctx) => listEarlierVersions(ctx, message),
  },
  MessageReaction: {
    viewerReacted: ({ reactions }, _, ctx) => reactions.some(({ userId }) => userId === ctx.viewer?.userId),
    users: ({ reactions }, { first }) => reactions.slice(0, demandFirst(first)).map(({ userId }) => ({ id: userId })),
  },
  ConversationChange: {
    cursor: ({ conversationId, number }, _, ctx) => changeCursor(ctx, conversationId, number),
  },
  TypingState: { users: ({ userIds }) => userIds.map((id) => ({ id })) },
  User: {
    conversations: (user, args, ctx) => pageOfConversations(ctx, user.id, args),
    unreadConversationCount: (user, _, ctx) => countUnreadConversations(ctx, user.id),
    directConversation: (user, _, ctx) => findDirect(ctx, user.id),
  },
};
