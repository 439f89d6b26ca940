import { organizationWith, person } from '@supergraph/platform/testing';
import { demoPeople, demoSellers } from '@supergraph/schema/demo';
import { seed } from '../seed/index.ts';
import { chatWorld, documents } from './world.ts';

const { run, context, owner, close } = chatWorld();
afterAll(close);

test('the sample world has some thirty conversations with unread messages for the first person, also when it is made twice', async () => {
  const ctx = await context();
  await seed(ctx);
  await seed(ctx);
  const sql = await owner();
  const [counts] =
    await sql`select (select count(*)::int from chat.conversations) as conversations, (select count(*)::int from chat.messages) as messages`;
  expect(counts?.['conversations']).toBe(30);
  expect(counts?.['messages']).toBeGreaterThan(550);

  const first = person({ userId: demoPeople[0]?.id ?? '' });
  const { data } = await run(documents.mine, { variables: { user: first.userId, first: 3 }, as: first });
  expect(data._entities[0].unreadConversationCount).toBeGreaterThan(2);
  expect(data._entities[0].conversations.totalCount).toBeGreaterThan(15);
  const inside = organizationWith([], { id: demoSellers[0]?.id ?? '' });
  const more = await run(documents.mine, { variables: { user: first.userId, first: 3 }, as: first, in: inside });
  expect(more.data._entities[0].conversations.totalCount).toBe(data._entities[0].conversations.totalCount + 2);

  const wrong =
    await sql`select p.id from chat.participants p where unread_count <> (select count(*) from chat.messages m where m.conversation_id = p.conversation_id and m.seq > p.last_read_seq and m.author_id <> p.user_id)`;
  expect(wrong).toHaveLength(0);
});
