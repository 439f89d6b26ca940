import { changeLog, conversations, messages, participants, people, reactions, tenantMembers } from '@supergraph/db/chat/tables';
import type { Db } from '@supergraph/platform/database';
import { definePersonalData, goes, holding, stays } from '@supergraph/platform/personal-data';
import { personalDataEvents } from '@supergraph/schema/events/platform';
import type { Context } from '../context.ts';
import { deletePerson } from '../store/index.ts';
import {
  inSpace,
  listSpaces,
  orphanMessages,
  readMessages,
  readPerson,
  readPlaces,
  readReactions,
  readTenants,
  readVersions,
  spaceKey,
} from '../store/personal-data.ts';
import { endPlaces } from './membership.ts';

const placesAtOnce = 50;

/** What chat holds of people. What somebody said stays with those who heard it, in nobody's name. */
export const personalData = definePersonalData({
  events: personalDataEvents('chat'),
  columns: [
    ...stays('keeps late news of a membership from bringing the person back', tenantMembers.userId),
    ...stays('that somebody was here, and until when', participants.userId, changeLog.userId, conversations.createdById),
    ...stays('others mentioned or moderated: whom or by whom leads to nobody any more', messages.mentionedUserIds, messages.deletedById),
    ...goes(people.userId, messages.authorId, reactions.userId),
  ],
  holdings: [
    holding({
      name: 'profile',
      description: 'Your names as your account has them, copied so that mentions of you can be read.',
      read: readPerson,
      key: ({ userId }) => [userId],
    }),
    holding({
      name: 'organizations',
      description: 'The organizations in whose space you may talk, or might.',
      read: readTenants,
      key: ({ organizationId }) => [organizationId],
    }),
    holding({
      name: 'conversations',
      description: 'Where you take or took part, with your own settings and drafts.',
      read: readPlaces,
      key: (row) => spaceKey(row, row.id),
    }),
    holding({
      name: 'messages',
      description: 'What you wrote. It stays with those who heard it when your account is erased, in nobody’s name.',
      read: readMessages,
      key: (row) => spaceKey(row, row.id),
    }),
    holding({
      name: 'message-versions',
      description: 'What you wrote before you edited it, kept for you and those who lead a group.',
      read: readVersions,
      key: (row) => spaceKey(row, row.messageId, row.version),
    }),
    holding({
      name: 'reactions',
      description: 'How you reacted to messages.',
      read: readReactions,
      key: (row) => spaceKey(row, row.messageId, row.emoji),
    }),
  ],
  erase: eraseSome,
});

/** A stretch of a person's erasure. Groups go on without them; direct talks stay with the other one. */
async function eraseSome(ctx: Context, tx: Db, userId: string, most: number): Promise<boolean> {
  await deletePerson(tx, userId);
  for (const space of await listSpaces(tx, userId)) {
    const isMore = await inSpace(tx, space, async (own) => {
      if (await endPlaces(ctx, own, userId, space || null, placesAtOnce)) return true;
      return orphanMessages(own, userId, space, most);
    });
    if (isMore) return true;
  }
  return false;
}
