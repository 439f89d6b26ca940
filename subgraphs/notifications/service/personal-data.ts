import { departures, facts, feedLog, heads, notices, people } from '@supergraph/db/notifications/tables';
import { definePersonalData, goes, holding, stays } from '@supergraph/platform/personal-data';
import { personalDataEvents } from '@supergraph/schema/events/platform';
import type { Context } from '../context.ts';
import { erasePerson } from '../store/facts.ts';
import { lockHeads } from '../store/feeds.ts';
import { deleteSome, readDepartures, readNotices, readPerson } from '../store/personal-data.ts';

/** What notifications holds of people. Nothing is ever told again to whoever was erased. */
export const personalData = definePersonalData({
  events: personalDataEvents('notifications'),
  columns: [
    ...stays('a tombstone without a name keeps late news from bringing the person back', people.userId),
    ...stays('a notice to others says that somebody did it; nobody is named', notices.actorIds),
    ...goes(notices.recipientId, facts.recipientId, feedLog.recipientId, heads.recipientId, departures.userId),
  ],
  holdings: [
    holding({
      name: 'profile',
      description: 'Your name as your account has it, copied so that notices to others can name you.',
      read: readPerson,
      key: ({ userId }) => [userId],
    }),
    holding({
      name: 'notifications',
      description: 'What you were told, and what you did with it.',
      read: readNotices,
      key: ({ category, seq }) => [category, seq],
      show: ({ seq: _seq, ...notice }) => notice,
    }),
    holding({
      name: 'departures',
      description: 'The organizations that you joined or left, so that you hear nothing of those that you left.',
      read: readDepartures,
      key: ({ organizationId }) => [organizationId],
    }),
  ],
  erase: async (ctx: Context, tx, userId, most) => {
    await erasePerson(tx, userId, ctx.now());
    await lockHeads(tx, [userId]);
    return deleteSome(tx, userId, most);
  },
});
