import type { Viewer } from '@supergraph/platform/context';
import { person, testSubgraph } from '@supergraph/platform/testing';
import { userRegistered } from '@supergraph/schema/events/accounts';
import { notificationRequested, notificationWithdrawn } from '@supergraph/schema/events/notifications';
import { v7 } from 'uuid';
import { subgraph } from '../index.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
type Data = any;

const counts = `counts { unseen unread byCategory { category unread } }`;
const changed = `{ ${counts} notifications { id seenAt readAt archivedAt snoozedUntil count } }`;

export const documents = {
  feed: `query ($user: ID!, $first: Int, $after: String, $last: Int, $before: String, $filter: NotificationFilter) {
    _entities(representations: [{ __typename: "User", id: $user }]) { ... on User { unreadNotificationCount
      notificationCounts { unseen unread byCategory { category unread } }
      notifications(first: $first, after: $after, last: $last, before: $before, filter: $filter) { edges { cursor }
        nodes { id kind title body count urgency groupKey actionUrl category { key } actor { id } otherActors { id } subject { type id } organization { id } seenAt readAt createdAt updatedAt }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }`,
  read: `query ($id: ID!) { notification(id: $id) { id title body seenAt readAt count otherActors(first: 1) { id } } }`,
  reference: `query ($id: ID!) { _entities(representations: [{ __typename: "Notification", id: $id }]) { ... on Notification { id } } }`,
  categories: `{ notificationCategories { key domain name description mandatoryChannels defaults { channel mode } } }`,
  seen: `mutation ($input: MarkNotificationsSeenInput!) { markNotificationsSeen(input: $input) ${changed} }`,
  markRead: `mutation ($input: MarkNotificationsReadInput!) { markNotificationsRead(input: $input) ${changed} }`,
  unread: `mutation ($input: MarkNotificationUnreadInput!) { markNotificationUnread(input: $input) ${changed} }`,
  archive: `mutation ($input: ArchiveNotificationsInput!) { archiveNotifications(input: $input) ${changed} }`,
  unarchive: `mutation ($input: UnarchiveNotificationInput!) { unarchiveNotification(input: $input) ${changed} }`,
  snooze: `mutation ($input: SnoozeNotificationInput!) { snoozeNotification(input: $input) ${changed} }`,
  added: `subscription ($after: String) { notificationAdded(after: $after) { cursor node { id title } } }`,
  changed: `subscription ($after: String) { notificationChanged(after: $after) { cursor kind notificationId notification { id title count } ${counts} } }`,
};

type Request = Parameters<(typeof notificationRequested.any)['keyOf']>[0];

/** The domain under test, and short words for what its tests do all the time. */
export function feedWorld() {
  const test = testSubgraph(subgraph);
  const { run, deliver, subscribe } = test;

  /** A person whom accounts has told of. */
  const register = async (displayName: string): Promise<Viewer> => {
    const as = person();
    const profile = { kind: 'PERSON' as const, handle: displayName.toLowerCase(), email: null, locale: null, timeZone: null, version: 1 };
    await deliver(userRegistered, { ...profile, userId: as.userId, displayName });
    return as;
  };
  /** A domain asks that people be told; gives back what was sent. */
  const ask = async (recipients: readonly Viewer[], request: Partial<Request> = {}, domain = 'chat'): Promise<Request> => {
    const payload: Request = {
      dedupeKey: v7(),
      recipientIds: recipients.map(({ userId }) => userId),
      kind: 'MENTION',
      actorId: null,
      organizationId: null,
      subject: null,
      groupKey: null,
      data: { conversationName: 'Lunch' },
      urgency: 'NORMAL',
      notBefore: null,
      expiresAt: null,
      ...request,
    };
    await deliver(notificationRequested.of(domain), payload, { organizationId: payload.organizationId });
    return payload;
  };
  const withdraw = (dedupeKeys: readonly string[], domain = 'chat') =>
    deliver(notificationWithdrawn.of(domain), { key: dedupeKeys[0] as string, dedupeKeys: [...dedupeKeys] });
  const userOf = async (as: Viewer, variables: Record<string, unknown> = {}, user = as.userId): Promise<Data> => {
    const { data, errors } = await run(documents.feed, { variables: { user, ...variables }, as });
    if (errors) throw new Error(JSON.stringify(errors));
    return data._entities[0];
  };
  const feedOf = async (as: Viewer, variables: Record<string, unknown> = {}): Promise<Data> => (await userOf(as, variables)).notifications;
  const countsOf = async (as: Viewer): Promise<Data> => (await userOf(as)).notificationCounts;
  const change = async (document: string, as: Viewer, input: unknown): Promise<Data> => {
    const { data, errors } = await run(document, { input, as });
    if (errors) throw new Error(JSON.stringify(errors));
    return Object.values(data)[0];
  };
  /** Opens a stream; `next` gives the next event, or fails when none comes. */
  const listen = async (document: string, as: Viewer, after: string | null = null) => {
    const stream = await subscribe(document, { as, variables: { after } });
    const next = async (): Promise<Data> => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('no event came')), 20_000);
      });
      try {
        const { value } = await Promise.race([stream.next(), late]);
        const answer = value as { data?: Data; errors?: readonly Data[] } | undefined;
        if (answer?.errors) throw new Error(JSON.stringify(answer.errors));
        return answer?.data && Object.values(answer.data)[0];
      } finally {
        clearTimeout(timer);
      }
    };
    return { next, close: () => stream.return() };
  };
  return { ...test, register, ask, withdraw, userOf, feedOf, countsOf, change, listen };
}
