import type { Conversation, Hearer, Message, Participant, Role } from './store/index.ts';

export const largestGroup = 1_000;
export const largestReceiptGroup = 250;
export const largestBody = 8_000;
export const mostMentions = 50;
export const mostEmoji = 20;
export const mostPins = 50;
const editableMs = 24 * 3_600_000;
const mentionsAllFreelyUpTo = 20;

/** The first number that a participant may see bounds everything that they read. */
export const canSeeMessage = (
  place: Pick<Participant, 'conversationId' | 'fromSeq'> | null,
  message: Pick<Message, 'conversationId' | 'seq'>,
): boolean => place !== null && place.conversationId === message.conversationId && message.seq >= place.fromSeq;

const isAdmin = (role: Role): boolean => role !== 'MEMBER';

/** Direct talks have no roles and never change their people. */
export const canManage = (conversation: Pick<Conversation, 'kind'>, place: Pick<Participant, 'role'>): boolean =>
  conversation.kind === 'GROUP' && isAdmin(place.role);

export const canInvite = (conversation: Pick<Conversation, 'kind' | 'onlyAdminsInvite'>, place: Pick<Participant, 'role'>): boolean =>
  conversation.kind === 'GROUP' && (!conversation.onlyAdminsInvite || isAdmin(place.role));

export const canPost = (conversation: Pick<Conversation, 'onlyAdminsPost'>, place: Pick<Participant, 'role'>): boolean =>
  !conversation.onlyAdminsPost || isAdmin(place.role);

/** Owners remove anybody, admins remove members. */
export const canRemove = (
  conversation: Pick<Conversation, 'kind'>,
  place: Pick<Participant, 'role'>,
  other: Pick<Participant, 'role'>,
): boolean => conversation.kind === 'GROUP' && (place.role === 'OWNER' || (place.role === 'ADMIN' && other.role === 'MEMBER'));

export const canSetRoles = (conversation: Pick<Conversation, 'kind'>, place: Pick<Participant, 'role'>): boolean =>
  conversation.kind === 'GROUP' && place.role === 'OWNER';

/** Why a person may not edit a message, or null. */
export function editRefusal(message: Pick<Message, 'authorId' | 'createdAt' | 'deletedAt'>, userId: string, now: Date): string | null {
  if (message.authorId !== userId) return 'only its author may change a message';
  if (message.deletedAt) return 'a deleted message cannot be changed';
  if (now.getTime() - message.createdAt.getTime() > editableMs) return 'a message can be changed for 24 hours';
  return null;
}

export const canDelete = (
  conversation: Pick<Conversation, 'kind'>,
  place: Pick<Participant, 'role' | 'userId'>,
  message: Pick<Message, 'authorId'>,
): boolean => message.authorId === place.userId || canManage(conversation, place);

/** Both people of a direct talk may pin; in groups owners and admins do. */
export const canPin = (conversation: Pick<Conversation, 'kind'>, place: Pick<Participant, 'role'>): boolean =>
  conversation.kind === 'DIRECT' || isAdmin(place.role);

export const canSeeVersions = canDelete;

/** Receipts are shared in conversations of up to 250 people that have not switched them off. */
export const sharesReceipts = (conversation: Pick<Conversation, 'receipts' | 'participantCount'>): boolean =>
  conversation.receipts && conversation.participantCount <= largestReceiptGroup;

/** How far somebody has read is their own, or shared in conversations with receipts of up to 250 people. */
export const canSeeReceipt = (
  conversation: Pick<Conversation, 'receipts' | 'participantCount'>,
  participant: Pick<Participant, 'userId'>,
  viewerId: string | undefined,
): boolean => participant.userId === viewerId || sharesReceipts(conversation);

/** `@all` reaches everybody in small groups; in larger ones only when an admin says it. */
export const canMentionAll = (conversation: Pick<Conversation, 'participantCount'>, place: Pick<Participant, 'role'>): boolean =>
  conversation.participantCount <= mentionsAllFreelyUpTo || isAdmin(place.role);

/** Handles that a text calls with `@`, and whether it calls everybody. */
export function mentionsIn(body: string): { readonly handles: readonly string[]; readonly all: boolean } {
  const called = new Set(
    [...body.matchAll(/(?<![a-z0-9_@])@([a-z0-9_]{3,30})(?![a-z0-9_])/gi)].map(([, handle]) => (handle ?? '').toLowerCase()),
  );
  const all = called.delete('all');
  return { handles: [...called], all };
}

const rates = [
  { messages: 10, ms: 5_000 },
  { messages: 120, ms: 60_000 },
] as const;

/** How far back and how many sent messages decide about the next one. */
export const rateWindow = { messages: 120, ms: 60_000 } as const;

/** Seconds until the next message may be sent, or null when it may be now; `times` are the latest first. */
export function secondsToWait(times: readonly Date[], now: Date): number | null {
  const waits = rates.map(({ messages, ms }) => {
    const decisive = times[messages - 1];
    return decisive ? decisive.getTime() + ms - now.getTime() : 0;
  });
  const longest = Math.max(...waits);
  return longest > 0 ? longest / 1_000 : null;
}

/** What somebody is told of a message, or null: muting and their level decide. */
export function noticeKind(
  conversation: Pick<Conversation, 'kind'>,
  hearer: Hearer,
  mentioned: boolean,
  now: Date,
): 'DIRECT_MESSAGE' | 'MENTION' | 'GROUP_MESSAGE' | null {
  if (hearer.suspendedAt || hearer.notify === 'NONE') return null;
  if (hearer.mutedUntil && hearer.mutedUntil > now) return null;
  if (mentioned) return 'MENTION';
  if (hearer.notify === 'MENTIONS') return null;
  return conversation.kind === 'DIRECT' ? 'DIRECT_MESSAGE' : 'GROUP_MESSAGE';
}

/** The key under which two people have one direct talk in a space. */
export const pairOf = (organizationId: string | null, one: string, other: string): string =>
  [organizationId ?? 'none', ...[one, other].toSorted()].join(':');
