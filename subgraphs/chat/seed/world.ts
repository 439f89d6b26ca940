import { demoConversationId, demoPeople, type DemoPerson, demoSellers } from '@supergraph/schema/demo';
import { hashOf } from '@supergraph/platform/idempotency';
import { seedId, seedRandom, seedTime } from '@supergraph/platform/seed';
import { pairOf } from '../policy.ts';
import type { Reaction } from '../store/index.ts';
import { groups, talks, workGroups, workTalks } from './texts.ts';

/** A sample conversation before its rows are made. */
interface Plan {
  readonly organizationId: string | null;
  readonly people: readonly DemoPerson[];
  readonly title: readonly [name: string, topic: string | null] | null;
  readonly talks: readonly (readonly string[])[];
}

/** The rows of one sample conversation. */
export type Sample = ReturnType<typeof makeSample>;

const person = (index: number): DemoPerson => demoPeople[index % demoPeople.length] as DemoPerson;

/** Direct talks of the first person and of others, groups of friends, and two groups in each shop. */
export function planSamples(): Plan[] {
  const direct = (one: number, other: number): Plan => ({ organizationId: null, people: [person(one), person(other)], title: null, talks });
  const ofFirst = Array.from({ length: 12 }, (_, n) => direct(0, n + 1));
  const ofOthers = [direct(1, 2), direct(3, 4), direct(5, 6), direct(7, 8)];
  const friends = groups.map((title, n) => ({
    organizationId: null,
    people: [
      person(n % 2 === 0 ? 0 : n),
      ...Array.from({ length: 5 }, (_, k) => person(10 + n * 5 + k)),
      ...(n % 2 === 0 ? [] : [person(0)]),
    ],
    title,
    talks,
  }));
  const shops = demoSellers.flatMap(({ id, members }) =>
    workGroups.map((title) => ({ organizationId: id, people: members.map(person), title, talks: workTalks })),
  );
  return [...ofFirst, ...ofOthers, ...friends, ...shops];
}

const roundsOf = (n: number): number => 3 + (n % 3);
const daysApart = 9;

/** The rows of the n-th sample conversation. */
export function makeSample(plan: Plan, n: number) {
  const random = seedRandom(`chat-${n}`);
  const { organizationId, people, title } = plan;
  const id = demoConversationId(n + 1);
  const begun = n * daysApart * 1_440 + 480;
  const messages = makeMessages(plan, n, begun, random);
  const last = messages.at(-1);
  const [first] = people as [DemoPerson, ...DemoPerson[]];
  const participants = people.map(({ id: userId }, index) => {
    const unseen = index === 0 && n % 3 === 0 ? 1 + Math.floor(random() * 3) : index > 0 && random() < 0.3 ? 2 : 0;
    const own = messages.findLastIndex(({ authorId }) => authorId === userId) + 1;
    const lastReadSeq = Math.max(own, messages.length - unseen);
    const unread = messages.slice(lastReadSeq);
    return {
      id: seedId('conversation-participant', n * 20 + index + 1),
      conversationId: id,
      organizationId,
      userId,
      role: title && index === 0 ? ('OWNER' as const) : ('MEMBER' as const),
      joinedAt: seedTime(begun),
      fromSeq: 1,
      fromChange: 0,
      lastReadSeq,
      lastReadAt: last?.createdAt ?? null,
      unreadCount: unread.length,
      mentionCount: unread.filter(({ mentionedUserIds }) => mentionedUserIds.includes(userId)).length,
      activityAt: last?.createdAt ?? seedTime(begun),
    };
  });
  return {
    conversation: {
      id,
      organizationId,
      kind: title ? ('GROUP' as const) : ('DIRECT' as const),
      pair: title ? null : pairOf(organizationId, first.id, people[1]?.id ?? first.id),
      name: title?.[0] ?? null,
      topic: title?.[1] ?? null,
      createdById: first.id,
      lastSeq: messages.length,
      participantCount: people.length,
      createdAt: seedTime(begun),
    },
    participants,
    messages,
    reactions: makeReactions(plan, messages, random),
  };
}

function makeMessages({ organizationId, people, talks }: Plan, n: number, begun: number, random: () => number) {
  const conversationId = demoConversationId(n + 1);
  const lines = Array.from({ length: roundsOf(n) }, (_, round) => talks[(n + round) % talks.length] ?? []).flat();
  let minutes = begun;
  let speaker = 0;
  return lines.map((line, index) => {
    minutes += 1 + Math.floor(random() * 90);
    speaker = (speaker + 1 + (people.length > 2 ? Math.floor(random() * (people.length - 1)) : 0)) % people.length;
    // Where the first person has something unread, the last words are somebody else's.
    if (speaker === 0 && n % 3 === 0 && lines.length - index <= 3) speaker = 1;
    const author = people[speaker] as DemoPerson;
    const called = people[(speaker + 1) % people.length] as DemoPerson;
    const body = line.replace('{name}', called.handle);
    return {
      id: seedId('message', n * 100 + index + 1),
      conversationId,
      organizationId,
      seq: index + 1,
      authorId: author.id,
      body,
      bodyHash: hashOf(body),
      clientMessageId: `sample-${n}-${index + 1}`,
      mentionedUserIds: line.includes('{name}') ? [called.id] : [],
      replyToId: index % 11 === 10 ? seedId('message', n * 100 + index) : null,
      threadCount: index % 11 === 9 && index + 1 < lines.length ? 1 : 0,
      createdAt: seedTime(minutes),
    };
  });
}

const emoji = ['👍', '❤️', '😂', '🎉', '🙏'];

function makeReactions({ people }: Plan, messages: ReturnType<typeof makeMessages>, random: () => number): Reaction[] {
  return messages.flatMap(({ id: messageId, authorId, conversationId, organizationId, createdAt }, index) => {
    const admirer = people.find(({ id }) => id !== authorId);
    if (index % 7 !== 3 || !admirer) return [];
    const chosen = emoji[Math.floor(random() * emoji.length)] ?? '👍';
    return [{ messageId, emoji: chosen, userId: admirer.id, conversationId, organizationId, createdAt }];
  });
}
