import { v7 } from 'uuid';
import { eventually } from '../../support/eventually.ts';
import { type Answer, type Data, give, type Person, type World } from '../../support/journey.ts';

const startDirect =
  'mutation ($input: StartDirectConversationInput!) { startDirectConversation(input: $input) { conversation { id cursor } } }';
const sendMessage = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id seq version } } }';

type Speaker = Pick<Person, 'token'>;

/** Says something, with an id of the client's own so that it may be repeated. */
export const say = (
  world: World,
  { token }: Speaker,
  conversationId: string,
  body: string,
  clientMessageId: string = v7(),
): Promise<Answer> => world.ask(sendMessage, { input: { conversationId, clientMessageId, body }, token });

export interface Said {
  readonly id: string;
  readonly seq: number;
  readonly version: number;
}

/** Says something that nobody may refuse. */
export async function saySure(world: World, who: Speaker, conversationId: string, body: string): Promise<Said> {
  const { data, codes } = await say(world, who, conversationId, body);
  expect(codes).toEqual([]);
  return data.sendMessage.message as Said;
}

/** Begins a direct talk; chat may still have to hear that the other exists. */
export async function talk(world: World, one: Person, other: Person): Promise<{ id: string; cursor: string }> {
  return eventually('the person in chat', async () => {
    const { data, codes } = await world.ask(startDirect, { input: { userId: other.id }, token: one.token });
    return codes.length > 0 ? undefined : (data.startDirectConversation.conversation as { id: string; cursor: string });
  });
}

/** Begins a group of people whom chat knows. */
export async function group(world: World, founder: Person, others: readonly Person[], settings: object = {}): Promise<Data> {
  const { conversation } = await give(
    world,
    'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id cursor participantCount } } }',
    { input: { name: 'Launch', userIds: others.map(({ id }) => id), settings }, token: founder.token },
  );
  return conversation;
}

export interface Notices {
  readonly unread: number;
  readonly counts: Data;
  readonly edges: readonly { readonly cursor: string; readonly node: Data }[];
}

/** The viewer's notices; those of one conversation are joined, so their counts tell how many events there were. */
export async function readNotices(world: World, { token }: Speaker): Promise<Notices> {
  const viewer = await give(
    world,
    `{ viewer {
      unreadNotificationCount notificationCounts { unread unseen }
      notifications(first: 50) { edges { cursor node { id kind count readAt actor { displayName } } } }
    } }`,
    { token },
  );
  return { unread: viewer.unreadNotificationCount, counts: viewer.notificationCounts, edges: viewer.notifications.edges };
}
