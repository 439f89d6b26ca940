import { categories, categoryByKey } from './catalogue.ts';
import type { CompleteResolvers } from './schema.types.ts';
import { feedCursor } from './service/cursors.ts';
import { archiveNotices, markFeedSeen, markNoticesRead } from './service/marks.ts';
import { markNoticeUnread, snoozeNotice, unarchiveNotice } from './service/places.ts';
import { actionUrlOf, actorOf, countsByCategory, countsOf, findNotice, otherActorsOf, pageOfFeed, wordsOf } from './service/reads.ts';
import { watchFeed, watchNotices } from './service/watch.ts';

/** A subscription's events are what its fields show. */
const itself = <Event>(event: Event): Event => event;

export const resolvers: CompleteResolvers = {
  Query: {
    notification: (_, { id }, ctx) => findNotice(ctx, id),
    notificationCategories: () => categories,
  },
  Mutation: {
    markNotificationsSeen: (_, { input }, ctx) => markFeedSeen(ctx, input),
    markNotificationsRead: (_, { input }, ctx) => markNoticesRead(ctx, input),
    markNotificationUnread: (_, { input }, ctx) => markNoticeUnread(ctx, input),
    archiveNotifications: (_, { input }, ctx) => archiveNotices(ctx, input),
    unarchiveNotification: (_, { input }, ctx) => unarchiveNotice(ctx, input),
    snoozeNotification: (_, { input }, ctx) => snoozeNotice(ctx, input),
  },
  Subscription: {
    notificationAdded: { subscribe: (_, { after }, ctx) => watchNotices(ctx, after ?? null), resolve: itself },
    notificationChanged: { subscribe: (_, { after }, ctx) => watchFeed(ctx, after ?? null), resolve: itself },
  },
  Notification: {
    __resolveReference: ({ id }, ctx) => findNotice(ctx, id),
    category: (notice) => categoryByKey(notice.category),
    organization: ({ organizationId }) => (organizationId === null ? null : { id: organizationId }),
    title: async (notice, _args, ctx) => (await wordsOf(ctx, notice)).title,
    body: async (notice, _args, ctx) => (await wordsOf(ctx, notice)).body,
    actionUrl: (notice) => actionUrlOf(notice),
    actor: (notice, _args, ctx) => actorOf(ctx, notice),
    otherActors: (notice, { first }, ctx) => otherActorsOf(ctx, notice, first ?? null),
    subject: ({ subjectType, subjectId }) => (subjectType && subjectId ? { type: subjectType, id: subjectId } : null),
  },
  NotificationCounts: { byCategory: (head) => countsByCategory(head) },
  NotificationEvent: {
    cursor: ({ recipientId, seq }, _args, ctx) => feedCursor(ctx, recipientId, seq),
    notification: ({ notice }) => notice,
    counts: ({ head }) => head,
  },
  User: {
    notifications: (user, args, ctx) => pageOfFeed(ctx, user.id, args),
    unreadNotificationCount: async (user, _args, ctx) => (await countsOf(ctx, user.id))?.unread ?? null,
    notificationCounts: (user, _args, ctx) => countsOf(ctx, user.id),
  },
};
