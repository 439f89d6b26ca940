import { becomes, eventually } from '../../support/eventually.ts';
import { type Data, give, type Person, type World } from '../../support/journey.ts';
import type { Stream } from '../../support/listen.ts';
import { register } from '../../support/people.ts';
import { group, readNotices, saySure, talk } from './talks.ts';
import type { Walk } from './walk.ts';

interface Feed {
  readonly world: World;
  readonly ana: Person;
  readonly bo: Person;
  readonly cy: Person;
}

/** Notices that are heard over two protocols, joined, missed and caught up with, read, and taken back. */
export const walkNotifications: Walk = async (world) => {
  const [ana, bo, cy] = [await register(world, 'Ana'), await register(world, 'Bo'), await register(world, 'Cy')];
  const feed: Feed = { world, ana, bo, cy };
  const begin = await tellFirst(feed);
  const [phone, laptop] = [watch(feed, begin, 'subscribe'), watch(feed, begin, 'listen')];
  const last = await beMentioned(feed, phone, laptop);
  await laptop.close();
  await missFour(feed, phone, last);
  await takeBack(feed, phone);
  await phone.close();
  await hearNew(feed);
  await read(feed);
};

const changed = `subscription ($after: String) { notificationChanged(after: $after) {
  cursor kind notificationId notification { kind count actor { displayName } } counts { unread unseen }
} }`;

const watch = ({ world, ana }: Feed, after: string, way: 'subscribe' | 'listen'): Stream =>
  world[way](changed, { variables: { after }, token: ana.token });

/** Two messages of one conversation make one notice; its cursor. */
async function tellFirst({ world, ana, bo }: Feed): Promise<string> {
  const { id } = await talk(world, bo, ana);
  for (const body of ['Are you there?', 'It is me']) await saySure(world, bo, id, body);
  const { cursor, node } = await eventually('the notice of both messages', async () =>
    (await readNotices(world, ana)).edges.find(({ node: notice }) => notice.count === 2),
  );
  expect(node).toMatchObject({ kind: 'DIRECT_MESSAGE', readAt: null, actor: { displayName: bo.displayName } });
  expect((await readNotices(world, ana)).unread).toBe(1);
  return cursor;
}

/** Three mentions join; both streams tell the same, and their counts are those of the query; the last cursor. */
async function beMentioned({ world, ana, bo, cy }: Feed, phone: Stream, laptop: Stream): Promise<string> {
  await talk(world, bo, cy);
  const { id } = await group(world, bo, [ana, cy]);
  for (const body of ['Look', 'Please', 'Now']) await saySure(world, bo, id, `${body} @${ana.handle}`);
  const thrice = ({ notificationChanged: { notification } }: Data) => notification?.kind === 'MENTION' && notification.count === 3;
  const { notificationChanged: heard } = await phone.next(thrice);
  expect((await laptop.next(thrice)).notificationChanged).toEqual(heard);
  expect(heard).toMatchObject({ kind: 'UPDATED', notification: { actor: { displayName: bo.displayName } } });
  expect(heard.counts).toEqual((await readNotices(world, ana)).counts);
  return heard.cursor as string;
}

/** One stream is cut while four notices come; it resumes with exactly these. */
async function missFour(feed: Feed, phone: Stream, after: string): Promise<void> {
  const { world, ana } = feed;
  const names = ['Dan', 'Eve', 'Fay', 'Gil'];
  const senders: string[] = [];
  for (const name of names) {
    const sender = await register(world, name);
    senders.push(sender.displayName);
    const { id } = await talk(world, sender, ana);
    await saySure(world, sender, id, 'Hello');
    // Told one after the other, they come in this order.
    await phone.next(({ notificationChanged }) => notificationChanged.notification?.actor.displayName === sender.displayName);
  }
  const resumed = watch(feed, after, 'listen');
  const missed = [];
  while (missed.length < names.length) missed.push((await resumed.next()).notificationChanged);
  expect(missed.map(({ kind, notification }) => [kind, notification.actor.displayName])).toEqual(senders.map((name) => ['ADDED', name]));
  await resumed.close();
}

/** A message that is deleted takes its notice with it. */
async function takeBack({ world, ana, cy }: Feed, phone: Stream): Promise<void> {
  const { id } = await talk(world, cy, ana);
  const { id: messageId } = await saySure(world, cy, id, 'This was not for you');
  const added = await phone.next(({ notificationChanged: { notification } }) => notification?.actor.displayName === cy.displayName);
  const before = await readNotices(world, ana);
  await give(world, 'mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { message { id } } }', {
    input: { id: messageId },
    token: cy.token,
  });
  const { notificationChanged: removed } = await phone.next(({ notificationChanged: { kind } }) => kind === 'REMOVED');
  expect(removed).toMatchObject({ notification: null, notificationId: added.notificationChanged.notificationId });
  expect(removed.counts.unread).toBe(before.unread - 1);
  expect((await readNotices(world, ana)).counts).toEqual(removed.counts);
}

async function hearNew({ world, ana, cy }: Feed): Promise<void> {
  const { edges } = await readNotices(world, ana);
  const added = world.subscribe(
    'subscription ($after: String) { notificationAdded(after: $after) { cursor node { count actor { displayName } } } }',
    { variables: { after: edges[0]?.cursor }, token: ana.token },
  );
  const { id } = await talk(world, cy, ana);
  await saySure(world, cy, id, 'This one is');
  const { cursor, node } = (await added.next()).notificationAdded;
  expect(node).toEqual({ count: 1, actor: { displayName: cy.displayName } });
  expect((await readNotices(world, ana)).edges[0]?.cursor).toBe(cursor);
  await added.close();
}

async function read({ world, ana, cy }: Feed): Promise<void> {
  const { unread, edges } = await readNotices(world, ana);
  expect((await readNotices(world, cy)).edges).toEqual([]);
  const id = edges[0]?.node.id as string;
  const markRead = (who: Person) =>
    world.ask('mutation ($input: MarkNotificationsReadInput!) { markNotificationsRead(input: $input) { counts { unread } } }', {
      input: { ids: [id] },
      token: who.token,
    });
  expect((await markRead(cy)).codes).toEqual(['NOT_FOUND']);
  expect((await markRead(ana)).data.markNotificationsRead).toEqual({ counts: { unread: unread - 1 } });
  await becomes('what she has read', async () => (await readNotices(world, ana)).unread, unread - 1);
  const after = await readNotices(world, ana);
  expect(after.edges.find(({ node }) => node.id === id)?.node.readAt).not.toBeNull();
}
