import { organizationWith, person, testSubgraph } from '@supergraph/platform/testing';
import type { Viewer } from '@supergraph/platform/context';
import { userRegistered } from '@supergraph/schema/events/accounts';
import { memberAdded } from '@supergraph/schema/events/organizations';
import { v7 } from 'uuid';
import { subgraph } from '../index.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
type Data = any;

export const documents = {
  direct: `mutation ($input: StartDirectConversationInput!) { startDirectConversation(input: $input) { conversation { id kind } } }`,
  create: `mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id name topic participantCount cursor subject { type id } settings { historyForNewcomers onlyAdminsPost } } } }`,
  update: `mutation ($input: UpdateConversationInput!) { updateConversation(input: $input) { conversation { name topic version settings { onlyAdminsPost } } } }`,
  add: `mutation ($input: AddConversationParticipantsInput!) { addConversationParticipants(input: $input) { conversation { participantCount } } }`,
  remove: `mutation ($input: RemoveConversationParticipantInput!) { removeConversationParticipant(input: $input) { conversation { participantCount } } }`,
  role: `mutation ($input: SetConversationRoleInput!) { setConversationRole(input: $input) { conversation { participants { nodes { role user { id } } } } } }`,
  leave: `mutation ($input: LeaveConversationInput!) { leaveConversation(input: $input) { conversationId conversation { id } } }`,
  view: `mutation ($input: SetConversationViewInput!) { setConversationView(input: $input) { view { notify mutedUntil pinned archived draft } } }`,
  send: `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id seq body version author { id } mentions { id } mentionsAll replyTo { id } clientMessageId } } }`,
  edit: `mutation ($input: EditMessageInput!) { editMessage(input: $input) { message { id body version editedAt mentions { id } } } }`,
  delete: `mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { message { id body deletedAt deletedBy { id } reactions { emoji } } } }`,
  erase: `mutation ($input: EraseEarlierVersionsInput!) { eraseEarlierVersions(input: $input) { message { earlierVersions { body } } } }`,
  react: `mutation ($input: ReactToMessageInput!) { reactToMessage(input: $input) { message { reactions { emoji count viewerReacted users { id } } } } }`,
  pin: `mutation ($input: PinMessageInput!) { pinMessage(input: $input) { message { id conversation { pinned { seq } } } } }`,
  read: `mutation ($input: MarkConversationReadInput!) { markConversationRead(input: $input) { view { lastReadSeq unreadCount mentionCount markedUnread } } }`,
  unread: `mutation ($input: MarkConversationUnreadInput!) { markConversationUnread(input: $input) { view { lastReadSeq unreadCount markedUnread } } }`,
  typing: `mutation ($input: SetTypingInput!) { setTyping(input: $input) { ok } }`,
  see: `query ($id: ID!) { conversation(id: $id) { id kind name lastSeq cursor participantCount lastMessage { seq body } viewer { unreadCount mentionCount lastReadSeq markedUnread } } }`,
  message: `query ($id: ID!) { message(id: $id) { id body seq threadCount replyTo { id } earlierVersions { body } conversation { id } } }`,
  messages: `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $around: ID, $from: DateTime, $threadOf: ID) {
    conversation(id: $id) { messages(first: $first, after: $after, last: $last, before: $before, around: $around, from: $from, threadOf: $threadOf) {
      nodes { seq body } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`,
  mine: `query ($user: ID!, $first: Int, $after: String, $filter: ConversationFilter) { _entities(representations: [{ __typename: "User", id: $user }]) { ... on User {
    unreadConversationCount conversations(first: $first, after: $after, filter: $filter) { totalCount nodes { id } pageInfo { endCursor hasNextPage } } } } }`,
  changed: `subscription ($id: ID!, $after: String) { conversationChanged(conversationId: $id, after: $after) { cursor kind messageId message { seq body } participant { user { id } } conversation { name } } }`,
  added: `subscription ($id: ID!, $after: String) { messageAdded(conversationId: $id, after: $after) { cursor node { seq body } } }`,
  typed: `subscription ($id: ID!) { typingChanged(conversationId: $id) { users { id } } }`,
};

/** The domain under test, and short words for what its tests do all the time. */
export function chatWorld() {
  const test = testSubgraph(subgraph);
  const { run, deliver, subscribe } = test;
  let count = 0;

  /** A person whom accounts has told of. */
  const register = async (handle = `person_${++count}`): Promise<Viewer> => {
    const as = person();
    const profile = { kind: 'PERSON' as const, email: null, locale: null, timeZone: null, version: 1 };
    await deliver(userRegistered, { ...profile, userId: as.userId, handle, displayName: handle.toUpperCase() });
    return as;
  };
  const crowd = (size: number): Promise<Viewer[]> => Promise.all(Array.from({ length: size }, () => register()));
  const people = async () => ({ ana: await register(), bo: await register(), cy: await register(), dan: await register() });
  const tenant = async (members: readonly Viewer[], permissions = ['chat.conversation.create']) => {
    const chosen = organizationWith(permissions);
    for (const [index, { userId }] of members.entries())
      await deliver(memberAdded, {
        organizationId: chosen.id,
        membershipId: v7(),
        userId,
        epoch: index + 1,
        roleKey: 'MEMBER',
        permissions,
        teamIds: [],
      });
    return chosen;
  };
  const group = async (
    as: Viewer,
    others: readonly Viewer[],
    extra: Record<string, unknown> = {},
    chosen: Parameters<typeof run>[1] = {},
  ) => {
    const { data, errors } = await run(documents.create, {
      input: { name: 'Launch', userIds: others.map(({ userId }) => userId), ...extra },
      as,
      ...chosen,
    });
    if (errors) throw new Error(JSON.stringify(errors));
    return data.createConversation.conversation as { id: string; cursor: string };
  };
  const say = (as: Viewer, conversationId: string, body: string, extra: Record<string, unknown> = {}) =>
    run(documents.send, { input: { conversationId, clientMessageId: v7(), body, ...extra }, as });
  const saySure = async (as: Viewer, conversationId: string, body: string, extra: Record<string, unknown> = {}) => {
    const { data, errors } = await say(as, conversationId, body, extra);
    if (errors) throw new Error(JSON.stringify(errors));
    return data.sendMessage.message as { id: string; seq: string; version: number };
  };
  const see = async (as: Viewer, id: string) => (await run(documents.see, { variables: { id }, as })).data.conversation;
  const watch = (as: Viewer, id: string, after?: string, document = documents.changed) =>
    subscribe(document, { variables: { id, after }, as });

  return { ...test, register, crowd, people, tenant, group, say, saySure, see, watch };
}

/** The next so many answers of a subscription; rejects when one does not come. */
export async function take(stream: AsyncGenerator<unknown, void>, wanted: number): Promise<Data[]> {
  const answers: Data[] = [];
  while (answers.length < wanted) {
    const { value, done } = await within(stream.next());
    if (done) break;
    answers.push(value);
  }
  return answers;
}

/** Rejects when the work does not come to an end; the limit is for a slow machine, not a promise of speed. */
export function within<Result>(work: Promise<Result>, ms = 20_000): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`nothing came within ${ms} ms`)), ms);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
