import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedDatabase } from '@supergraph/platform/embedded-database';
import postgres, { type Sql } from 'postgres';
import { v7 } from 'uuid';
import { type AppProcess, makeDataDirectory, startAppProcess } from '../support/app-process.ts';
import { eventually } from '../support/eventually.ts';
import { createWorld, give, type Person } from '../support/journey.ts';
import { register } from '../support/people.ts';
import { addProduct, openShop, type Product, type Shop } from './walks/shop.ts';
import { readNotices, say, talk } from './walks/talks.ts';

// The program is killed without warning while it writes: what it has acknowledged must be there, with its effects, once.
const seed = Number(process.env['JOURNEY_SEED'] ?? Date.now() % 1_000_000);
const random = randomFrom(seed);
const dataDirectory = makeDataDirectory();

let app: AppProcess;
// The same clients go on with the program that is started next.
const world = createWorld({
  get url() {
    return app.url;
  },
  dataDirectory,
});
let sql: Sql;
let leaveDatabase: () => Promise<void>;
let shop: Shop;
let people: readonly Person[];
let conversationId: string;

async function start(): Promise<void> {
  app = await startAppProcess({ environment: { SEED: 'none' }, dataDirectory });
}

beforeAll(async () => {
  await start();
  const database = await startEmbeddedDatabase({ directory: join(dataDirectory, 'postgres') });
  leaveDatabase = () => database.stop();
  sql = postgres(database.url, { max: 2, onnotice: () => undefined });
  shop = await openShop(world, await register(world, 'Ana'), 'Sturdy Shop');
  people = await Promise.all(Array.from({ length: 6 }, () => register(world, 'Bo')));
  const [first, ...others] = people as [Person, ...Person[]];
  for (const other of others) await talk(world, first, other);
  const { conversation } = await give(
    world,
    'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }',
    { input: { name: 'Storm', userIds: others.map(({ id }) => id) }, token: first.token },
  );
  conversationId = conversation.id;
});
afterAll(async () => {
  await sql?.end({ timeout: 2 });
  await app?.end();
  await leaveDatabase?.();
  rmSync(dataDirectory, { recursive: true, force: true });
});

/** One write of a client; it may be sent again under the same key. */
interface Write {
  readonly send: () => Promise<{ codes: readonly string[] }>;
  readonly key: string;
  acknowledged: boolean;
}

const messages: (Write & { readonly author: Person })[] = [];
const reviews: (Write & { readonly product: Product })[] = [];

function message(author: Person): Write {
  const key = v7();
  const write = { key, author, acknowledged: false, send: () => say(world, author, conversationId, key, key) };
  messages.push(write);
  return write;
}

function review({ token }: Person, product: Product): Write {
  // Plain words: what looks like a telephone number or like noise waits for a moderator and is not counted.
  const key = `Good for the price, says customer ${reviews.length + 1}`;
  const input = { subject: { kind: 'PRODUCT', id: product.id }, rating: 5, title: key, idempotencyKey: key };
  const send = () => world.ask('mutation ($input: SubmitReviewInput!) { submitReview(input: $input) { review { id } } }', { input, token });
  const write = { key, product, acknowledged: false, send };
  reviews.push(write);
  return write;
}

/** Sends one write after the other until the program is gone. */
async function client(writes: Iterable<Write>): Promise<void> {
  for (const write of writes) {
    try {
      write.acknowledged = (await write.send()).codes.length === 0;
    } catch {
      return; // Killed in the middle: nobody knows whether it was written.
    }
  }
}

function* messagesOf(author: Person): Generator<Write> {
  for (let count = 0; count < 18; count++) yield message(author);
}

test.each([1, 2, 3])(`kill %i of seed ${seed}: what was acknowledged is there once, and so are its effects`, async () => {
  const products = await Promise.all(['Red', 'Green', 'Blue'].map((title) => addProduct(shop, title)));
  await eventually('the products in reviews', async () => {
    const found = await sql`select 1 from reviews.subjects where id in ${sql(products.map(({ id }) => id))}`;
    return found.length === products.length;
  });
  const clients = people.flatMap((person) => [
    client(messagesOf(person)),
    client(messagesOf(person)),
    client(products.map((product) => review(person, product))),
  ]);
  await sleep(40 + random() * 600);
  expect(await app.end('SIGKILL')).toBeNull();
  await Promise.all(clients);
  const acknowledged = [...messages, ...reviews].filter((write) => write.acknowledged).map(({ key }) => key);
  await start();

  const kept = await sql<{ key: string }[]>`
    select body as key from chat.messages where conversation_id = ${conversationId}
    union all select title from reviews.reviews`;
  const keys = kept.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(acknowledged.filter((key) => !keys.includes(key))).toEqual([]);

  await sendAgain();
  await checkEffects(products);
});

/** As a client does that got no answer: the same write under the same key, as often as it takes. */
async function sendAgain(): Promise<void> {
  for (const write of [...messages, ...reviews].filter(({ acknowledged }) => !acknowledged)) {
    await eventually('the write', async () => {
      expect((await write.send()).codes).toEqual([]);
      write.acknowledged = true;
      return true;
    });
  }
}

async function checkEffects(products: readonly Product[]): Promise<void> {
  const [numbers] = await sql<{ total: number; highest: number; conversation: number }[]>`
    select count(*)::int as total, max(seq)::int as highest, max(last_seq)::int as conversation
    from chat.messages join chat.conversations on conversations.id = conversation_id where conversation_id = ${conversationId}`;
  expect(numbers).toEqual({ total: messages.length, highest: messages.length, conversation: messages.length });

  await eventually('an empty outbox everywhere', async () => (await waitingEvents()).length === 0);
  const ids = products.map(({ id }) => id);
  const summaries = await sql<{ count: number }[]>`select count from reviews.rating_summaries where id in ${sql(ids)}`;
  expect(summaries.map(({ count }) => count)).toEqual(ids.map(() => people.length));
  for (const id of ids) {
    const { rating } = await give(world, 'query ($id: ID!) { product(id: $id) { rating { count } } }', { variables: { id } });
    expect(rating).toEqual({ count: people.length });
  }
  await checkNotices();
  // What catalog knows of them came by events.
  const rated = await eventually('the ratings in catalog', async () => {
    const { nodes } = await give(world, 'query ($filter: ProductFilter) { products(first: 50, filter: $filter) { nodes { id } } }', {
      variables: { filter: { sellerIds: [shop.organizationId], minRating: 5 } },
    });
    return products.every(({ id }) => (nodes as { id: string }[]).some((node) => node.id === id));
  });
  expect(rated).toBe(true);
}

/** Everybody has been told of every message of the others, each once, and what their feeds show adds up to that. */
async function checkNotices(): Promise<void> {
  for (const person of people) {
    const others = messages.filter(({ author }) => author.id !== person.id).length;
    const [told] = await sql<{ messages: number; all: number }[]>`
      select count(distinct dedupe_key) filter (where dedupe_key in (
               select 'chat.message:' || id from chat.messages where conversation_id = ${conversationId}))::int as messages,
             count(*)::int as all
      from notifications.notification_facts where recipient_id = ${person.id} and domain = 'chat'`;
    expect(told?.messages).toBe(others);
    const { edges } = await readNotices(world, person);
    const counts = edges.map(({ node }) => node.count as number);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(told?.all);
  }
}

/** Where events wait to be sent, by domain. */
async function waitingEvents(): Promise<{ domain: string; waiting: number }[]> {
  const outboxes = await sql<
    { domain: string }[]
  >`select table_schema as domain from information_schema.tables where table_name = 'outbox'`;
  expect(outboxes.length).toBeGreaterThan(3);
  const counted = await Promise.all(
    outboxes.map(async ({ domain }) => {
      const [row] = await sql<{ waiting: number }[]>`select count(*)::int as waiting from ${sql(domain)}.outbox where published_at is null`;
      return { domain, waiting: row?.waiting ?? 0 };
    }),
  );
  return counted.filter(({ waiting }) => waiting > 0);
}

/** The same numbers between 0 and 1 for the same seed. */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
