import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { eventTopic } from '../src/bus.ts';
import { createInProcessLive } from '../src/in-process-bus.ts';
import { createLog } from '../src/log.ts';
import { createPolicies, type StoredPolicy } from '../src/policies.ts';
import { fieldQuestion } from '../src/policy-questions.ts';
import { nobody } from '../src/context.ts';
import { person } from '../src/testing.ts';

const log = createLog('silent', 'test');
const question = { action: 'Mutation.updateProduct', groups: ['write', 'catalog'], things: [{ type: 'Product', id: 'p1' }] };
const asked = { ...nobody('request'), viewer: person({ userId: 'ada' }) };
const forbid = (text: string): StoredPolicy => ({ id: text, name: 'a policy', text });
const everything = forbid('forbid(principal, action, resource);');

/** Policies as accounts tells them, which can change and be away. */
function told(first: readonly StoredPolicy[] | Error) {
  let answer = first;
  const live = createInProcessLive();
  const call = <Data>() => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ activePolicies: answer } as Data));
  const policies = createPolicies({ call, live, log });
  const tell = async (next: typeof answer, state: 'NONE' | 'ACTIVE') => {
    answer = next;
    live.broadcast(eventTopic('accounts.policy.published'), '{}');
    for (let tries = 0; policies.state !== state; tries += 1) {
      if (tries > 500) throw new Error(`the policies are still ${policies.state}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return { policies, tell };
}

/** How asking ends, at once or later. */
async function outcome(ask: () => void | Promise<void>): Promise<unknown> {
  try {
    await ask();
    return 'let through';
  } catch (error) {
    const { code, extensions } = error as { code: string; extensions: Record<string, unknown> };
    return [code, extensions['reason']].filter(Boolean).join(' ');
  }
}

test('what nothing forbids is let through, and nobody waits once that is known', async () => {
  const { policies } = told([]);
  expect(policies.state).toBe('UNKNOWN');
  await policies.require(asked, question);
  expect(policies.state).toBe('NONE');
  expect(policies.require(asked, question)).toBeUndefined();
  policies.close();
});

test('a policy forbids what it is about, from its event on to the next one', async () => {
  const { policies, tell } = told([]);
  const changes: string[] = [];
  policies.onChange(() => changes.push(policies.state));
  await tell(
    [forbid('forbid(principal == User::"ada", action == Action::"Mutation.updateProduct", resource == Product::"p1");')],
    'ACTIVE',
  );
  expect(await outcome(() => policies.require(asked, question))).toBe('FORBIDDEN POLICY');
  expect(await outcome(() => policies.require({ ...asked, viewer: person({ userId: 'bo' }) }, question))).toBe('let through');
  expect(await outcome(() => policies.require(asked, { ...question, things: [{ type: 'Product', id: 'p2' }] }))).toBe('let through');
  expect(await outcome(() => policies.require(asked, { ...question, action: 'Query.product', groups: ['read'] }))).toBe('let through');
  await tell([], 'NONE');
  expect(await outcome(() => policies.require(asked, question))).toBe('let through');
  expect(changes).toEqual(['ACTIVE', 'NONE']);
  policies.close();
});

test('a policy about one thing holds however its id is spelled', async () => {
  const { policies, tell } = told([]);
  const id = '0198c0de-aaaa-7bbb-8ccc-0123456789ab';
  await tell([forbid(`forbid(principal, action, resource == Product::"${id}");`)], 'ACTIVE');
  const about = (spelling: string) => ({ ...question, things: [{ type: 'Product', id: spelling }] });
  for (const spelling of [id, id.toUpperCase(), id.replaceAll('-', ''), `{${id}}`, id.replace('aaaa', 'aAaA')])
    expect(await outcome(() => policies.require(asked, about(spelling)))).toBe('FORBIDDEN POLICY');
  expect(await outcome(() => policies.require(asked, about(id.replace('aaaa', 'aaab'))))).toBe('let through');
  policies.close();
});

test('a policy about one thing holds wherever it is among those that are named', async () => {
  const { policies, tell } = told([]);
  await tell([forbid('forbid(principal, action, resource == Product::"p2");')], 'ACTIVE');
  const naming = (...ids: string[]) => ({ ...question, things: ids.map((id) => ({ type: 'Product', id })) });
  expect(await outcome(() => policies.require(asked, naming('p1', 'p3')))).toBe('let through');
  for (const ids of [['p2'], ['p1', 'p2'], ['p2', 'p1'], ['p1', 'p3', 'p2']])
    expect(await outcome(() => policies.require(asked, naming(...ids)))).toBe('FORBIDDEN POLICY');
  expect(await outcome(() => policies.require(asked, { ...question, things: [{ type: 'Review', id: 'p2' }] }))).toBe('let through');
  policies.close();
});

describe('what a field is about', () => {
  const schema = buildSubgraphSchema(
    parse(`
      type Query { product(id: ID!): Product  products(ids: [ID!]!, filter: Filter): [Product!]!  search(words: String): [String!]! }
      type Mutation { move(input: MoveInput!): MovePayload! }
      type MovePayload { product: Product! }
      type Product @key(fields: "id") { id: ID! }
      type ProductCategory @key(fields: "id") { id: ID! }
      type Warehouse @key(fields: "id") { id: ID! }
      type Shelf { id: ID! }
      input Filter { categoryIds: [ID!]  not: Filter }
      input MoveInput { productId: ID!  newWarehouseId: ID  shelfId: ID  lines: [LineInput!]  subject: SubjectInput }
      input LineInput { categoryId: ID  productIds: [ID!] }
      input SubjectInput { id: ID! }
    `),
  );
  const thingsOf = (type: string, field: string, args: object) =>
    fieldQuestion(schema, 'catalog', type, field)?.(args).things.map((thing) => `${thing.type} ${thing.id}`);

  test.each<[string, string, string, object, string[]]>([
    ['one thing by its id', 'Query', 'product', { id: 'p1' }, ['Product p1']],
    ['things by their ids', 'Query', 'products', { ids: ['p1', 'p2', 'p1'] }, ['Product p1', 'Product p2']],
    [
      'what a filter names',
      'Query',
      'products',
      { ids: [], filter: { categoryIds: ['c1', 'c2'] } },
      ['ProductCategory c1', 'ProductCategory c2'],
    ],
    ['nothing', 'Query', 'search', { words: 'p1' }, []],
    ['things of several kinds', 'Mutation', 'move', { input: { productId: 'p1', newWarehouseId: 'w1' } }, ['Product p1', 'Warehouse w1']],
    [
      'what stands in lists of inputs',
      'Mutation',
      'move',
      { input: { productId: 'p1', lines: [{ categoryId: 'c1' }, { productIds: ['p2', 'p3'] }, { categoryId: null }] } },
      ['Product p1', 'ProductCategory c1', 'Product p2', 'Product p3'],
    ],
    [
      'not what is no entity, or says its type elsewhere',
      'Mutation',
      'move',
      { input: { productId: 'p1', shelfId: 's1', subject: { id: 'x' } } },
      ['Product p1'],
    ],
  ])('is %s', (_what, type, field, args, expected) => {
    expect(thingsOf(type, field, args)?.toSorted()).toEqual(expected.toSorted());
  });

  test('is not so much that asking takes long', () => {
    const many = (count: number) => ({ ids: Array.from({ length: count }, (_, n) => `p${n}`) });
    expect(thingsOf('Query', 'products', many(500))).toHaveLength(500);
    expect(() => thingsOf('Query', 'products', many(501))).toThrow('ids must name at most 500 things at once');
  });
});

test.each([
  ['its group', 'forbid(principal, action in Action::"write", resource);'],
  ['its domain', 'forbid(principal, action in [Action::"chat", Action::"catalog"], resource);'],
  ['the organization that it is in', 'forbid(principal, action, resource in Organization::"shop");'],
  ['the platform that all is in', 'forbid(principal, action, resource in Platform::"platform");'],
  ['what the account is', 'forbid(principal, action, resource) when { principal.roles.contains("USER") };'],
  [
    'where the request comes from',
    'forbid(principal, action, resource) when { context has ipAddress && context.ipAddress.isInRange(ip("192.0.2.0/24")) };',
  ],
  ['what the membership allows', 'forbid(principal, action, resource) unless { context.permissions.contains("catalog.product.delete") };'],
])('a policy knows %s', async (_what, text) => {
  const { policies, tell } = told([]);
  await tell([forbid(text)], 'ACTIVE');
  const organization = { id: 'shop', membershipId: 'm', role: 'MEMBER', permissions: ['catalog.product.write'] };
  const request = { ...asked, organization, client: { ipAddress: '192.0.2.7', userAgent: null } };
  expect(await outcome(() => policies.require(request, question))).toBe('FORBIDDEN POLICY');
  policies.close();
});

test('a policy that fails while it is asked forbids', async () => {
  const { policies, tell } = told([]);
  await tell([forbid('forbid(principal, action, resource) when { context.organizationRole == "GUEST" };')], 'ACTIVE');
  expect(await outcome(() => policies.require(asked, question))).toBe('FORBIDDEN POLICY');
  policies.close();
});

test('policies that cannot be read forbid everything until they are mended; other domains go on', async () => {
  const { policies, tell } = told([]);
  await tell([forbid('forbid(principal, action')], 'ACTIVE');
  expect(await outcome(() => policies.require(asked, question))).toBe('FORBIDDEN POLICY_UNREADABLE');
  expect(await outcome(() => policies.require(nobody('guest'), question))).toBe('FORBIDDEN POLICY_UNREADABLE');
  expect(await outcome(() => policies.require({ ...nobody('request'), service: 'orders' }, question))).toBe('let through');
  await tell([], 'NONE');
  expect(await outcome(() => policies.require(asked, question))).toBe('let through');
  policies.close();
});

test('what was known holds on while accounts is away; before anything is known nobody gets through', async () => {
  const away = told(new Error('away'));
  expect(await outcome(() => away.policies.require(asked, question))).toBe('UPSTREAM_UNAVAILABLE');
  await away.tell([everything], 'ACTIVE');
  expect(await outcome(() => away.policies.require(asked, question))).toBe('FORBIDDEN POLICY');
  away.policies.close();
  const { policies, tell } = told([everything]);
  expect(await outcome(() => policies.require(asked, question))).toBe('FORBIDDEN POLICY');
  await tell(new Error('away'), 'ACTIVE');
  expect(await outcome(() => policies.require(asked, question))).toBe('FORBIDDEN POLICY');
  policies.close();
});
