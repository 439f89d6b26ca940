import { Agent, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { createTestKey, startTestGateway, type TestGateway, type TestKey } from '../../testing.ts';
import { get, json, query, type Request, send } from '../support/http.ts';
import { accounts, catalog, organizations, type PeopleState, reviews } from '../fixtures.ts';

const state: PeopleState = { keySet: null, keySetAsked: 0, ended: [], memberships: new Map() };
const settings = { development: false };
let key: TestKey;
let direct: TestGateway;
let apollo: TestGateway;

beforeAll(async () => {
  key = await createTestKey('http://graph.test');
  state.keySet = key.keySet;
  const subgraphs = () => [accounts(state), organizations(state), catalog(), reviews()];
  direct = await startTestGateway({ subgraphs: subgraphs(), settings });
  apollo = await startTestGateway({ subgraphs: subgraphs(), settings, plugins: [{}] });
});
afterAll(() => Promise.all([direct.stop(), apollo.stop()]));

const accepting = (accept: string) => ({ headers: { ...json, accept }, body: { query: '{ reviewCount }' } });
const count = '{"data":{"reviewCount":3}}';
const refusal = (code: string, details = {}) => ({ errors: [{ message: expect.any(String), extensions: { ...details, code } }] });

const cases: [name: string, request: Request, status: number, answer: unknown][] = [
  ['a query', query('{ reviewCount }'), 200, count],
  ['variables', query('query ($id: ID!) { product(id: $id) { name } }', { id: '2' }), 200, '{"data":{"product":{"name":"Pot"}}}'],
  [
    'one of several operations',
    { body: { query: 'query A { reviewCount } query B { product(id: "1") { id } }', operationName: 'A' } },
    200,
    count,
  ],
  ['nulls for what is absent', { body: { query: '{ reviewCount }', variables: null, operationName: null, extensions: null } }, 200, count],
  [
    'fields of two domains, fragments, aliases and type names',
    query('{ p: product(id: "1") { ...F __typename } } fragment F on Product { n: name rating }'),
    200,
    '{"data":{"p":{"n":"Tea","rating":1.5,"__typename":"Product"}}}',
  ],
  ['a mutation', query('mutation { rename(id: "1", name: "x") { name } }'), 200, '{"data":{"rename":{"name":"x"}}}'],
  [
    'an error with data',
    query('{ product(id: "3") { name stars } }'),
    200,
    {
      data: { product: { name: 'Cup', stars: null } },
      errors: [{ message: 'Rating not found', path: ['product', 'stars'], extensions: { code: 'NOT_FOUND' } }],
    },
  ],
  [
    'an error that leaves no data',
    query('{ requiredSecret }'),
    200,
    { data: null, errors: [expect.objectContaining({ path: ['requiredSecret'] })] },
  ],
  ['text beyond ASCII', query('{ echo(text: "größer 🫖") }'), 200, '{"data":{"echo":"größer 🫖"}}'],
  ['a byte order mark', { body: `\uFEFF{"query":"{ reviewCount }"}` }, 200, count],
  ['a compressed body', { headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync('{"query":"{ reviewCount }"}') }, 200, count],
  ['a charset', { headers: { 'content-type': 'application/json; charset="UTF-8"' }, body: { query: '{ reviewCount }' } }, 200, count],
  ['GET', get({ query: '{ reviewCount }' }), 200, count],
  [
    'GET with all parameters',
    get({ query: 'query A($id: ID!) { product(id: $id) { name } }', operationName: 'A', variables: '{"id":"2"}', extensions: '{}' }),
    200,
    '{"data":{"product":{"name":"Pot"}}}',
  ],
  ['accept of the standard type', accepting('application/graphql-response+json'), 200, count],
  ['accept as Apollo Client has it', accepting('application/graphql-response+json,application/json;q=0.9'), 200, count],
  ['accept of parts, without @defer', accepting('multipart/mixed;deferSpec=20220824,application/json'), 200, count],
  ['accept of everything', accepting('text/html, */*;q=0.1'), 200, count],

  [
    'a syntax error',
    query('{ reviewCount'),
    400,
    {
      errors: [
        {
          message: expect.stringContaining('Syntax Error'),
          locations: [{ line: 1, column: 14 }],
          extensions: { code: 'GRAPHQL_PARSE_FAILED' },
        },
      ],
    },
  ],
  [
    'unknown fields, without a suggestion',
    query('{ reviewCont productt { id } }'),
    400,
    { errors: [expect.objectContaining({ message: 'Cannot query field "reviewCont" on type "Query".' }), expect.anything()] },
  ],
  [
    'a limit',
    query(`{ ${Array.from({ length: 31 }, (_, index) => `a${index}: reviewCount`).join(' ')} }`),
    400,
    refusal('GRAPHQL_VALIDATION_FAILED', { reason: 'ALIAS_LIMIT', limit: 30, found: 31 }),
  ],
  [
    'a limit, to a named operation',
    { body: { query: `query Many { ${Array.from({ length: 21 }, () => 'reviewCount').join(' ')} }`, operationName: 'Many' } },
    400,
    refusal('GRAPHQL_VALIDATION_FAILED', { reason: 'ROOT_FIELD_LIMIT', limit: 20, found: 21 }),
  ],
  [
    'an unknown operation name',
    { body: { query: '{ reviewCount }', operationName: 'Other' } },
    400,
    refusal('OPERATION_RESOLUTION_FAILURE'),
  ],
  ['a missing operation name', query('query A { reviewCount } query B { reviewCount }'), 400, refusal('OPERATION_RESOLUTION_FAILURE')],
  [
    'a variable of the wrong type',
    query('query ($id: ID!) { product(id: $id) { name } }', { id: [] }),
    400,
    {
      errors: [expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT', issues: [{ path: 'id', message: expect.any(String) }] } })],
    },
  ],
  [
    'a subscription by plain HTTP',
    query('subscription { endless { name } }'),
    400,
    refusal('BAD_REQUEST', { reason: 'SUBSCRIPTION_TRANSPORT' }),
  ],

  ['no JSON', { body: '{"query":' }, 400, refusal('BAD_REQUEST')],
  ['an empty body', { body: '' }, 400, refusal('BAD_REQUEST')],
  ['a body that is no object', { body: '"{ reviewCount }"' }, 400, refusal('BAD_REQUEST')],
  ['no query', { body: { variables: {} } }, 400, refusal('BAD_REQUEST')],
  ['a query that is no text', { body: { query: { kind: 'Document' } } }, 400, refusal('BAD_REQUEST')],
  ['variables that are no object', { body: { query: '{ reviewCount }', variables: '{}' } }, 400, refusal('BAD_REQUEST')],
  ['extensions that are no object', { body: { query: '{ reviewCount }', extensions: [] } }, 400, refusal('BAD_REQUEST')],
  ['a batch', { body: [{ query: '{ reviewCount }' }, { query: '{ reviewCount }' }] }, 400, refusal('BAD_REQUEST', { reason: 'BATCH' })],
  [
    'an upload',
    { headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: '--x--' },
    415,
    { errors: [{ message: expect.stringContaining('files domain'), extensions: { code: 'BAD_REQUEST', reason: 'MULTIPART_UPLOAD' } }] },
  ],
  [
    'a form',
    { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'query={reviewCount}' },
    400,
    refusal('BAD_REQUEST', { reason: 'CSRF' }),
  ],
  [
    'plain text',
    { headers: { 'content-type': 'text/plain' }, body: '{"query":"{ reviewCount }"}' },
    400,
    refusal('BAD_REQUEST', { reason: 'CSRF' }),
  ],
  [
    'plain text that no page can send',
    { headers: { 'content-type': 'text/plain', 'x-apollo-operation-name': 'A' }, body: '{"query":"{ reviewCount }"}' },
    415,
    refusal('BAD_REQUEST'),
  ],
  ['another media type', { headers: { 'content-type': 'application/graphql' }, body: '{ reviewCount }' }, 415, refusal('BAD_REQUEST')],
  [
    'another charset',
    { headers: { 'content-type': 'application/json; charset=utf-16' }, body: { query: '{ reviewCount }' } },
    415,
    refusal('BAD_REQUEST'),
  ],
  ['another content-encoding', { headers: { ...json, 'content-encoding': 'zstd' }, body: 'x' }, 415, refusal('BAD_REQUEST')],
  [
    'a body that is not encoded as it says',
    { headers: { ...json, 'content-encoding': 'br' }, body: { query: '{ reviewCount }' } },
    400,
    refusal('BAD_REQUEST'),
  ],
  [
    '64 KB and more',
    { body: { query: '{ reviewCount }', variables: { filler: 'x'.repeat(66_000) } } },
    413,
    refusal('BAD_REQUEST', { reason: 'BODY_LIMIT', limit: 65_536 }),
  ],
  ['an accept of nothing that we have', accepting('text/csv'), 406, refusal('BAD_REQUEST')],
  ['GET without a proof', get({ query: '{ reviewCount }' }, {}), 400, refusal('BAD_REQUEST', { reason: 'CSRF' })],
  ['GET of a mutation', get({ query: 'mutation { rename(id: "1", name: "x") { name } }' }), 405, refusal('BAD_REQUEST')],
  ['GET with broken variables', get({ query: '{ reviewCount }', variables: '{' }), 400, refusal('BAD_REQUEST')],
  ['GET with two queries', { ...get({}), search: '?query={reviewCount}&query={reviewCount}' }, 400, refusal('BAD_REQUEST')],
  ['GET without a query', get({}), 400, refusal('BAD_REQUEST')],
  [
    'GET of a subscription',
    get({ query: 'subscription { endless { name } }' }),
    400,
    refusal('BAD_REQUEST', { reason: 'SUBSCRIPTION_TRANSPORT' }),
  ],
  ['another method', { method: 'DELETE' }, 405, refusal('BAD_REQUEST')],
  ['HEAD', { method: 'HEAD' }, 405, ''],
  [
    'a malformed token',
    { headers: { ...json, authorization: 'Basic YTpi' }, body: { query: '{ reviewCount }' } },
    401,
    refusal('UNAUTHENTICATED'),
  ],
  [
    'an organization without a token',
    { headers: { ...json, 'x-organization-id': 'acme' }, body: { query: '{ reviewCount }' } },
    401,
    refusal('UNAUTHENTICATED'),
  ],
  [
    'an error of a kind that accepts the standard type',
    { headers: { ...json, accept: 'application/graphql-response+json' }, body: '{' },
    400,
    refusal('BAD_REQUEST'),
  ],
  ['a page of a listed origin', { headers: { ...json, origin: 'https://app.test' }, body: { query: '{ reviewCount }' } }, 200, count],
  ['a preflight', { method: 'OPTIONS', headers: { origin: 'https://app.test', 'access-control-request-method': 'POST' } }, 204, ''],
];

test.each(cases)('%s: the same bytes on both lanes', async (_name, request, status, answer) => {
  const [one, other] = await Promise.all([send(direct, request), send(apollo, request)]);
  expect(one).toEqual(other);
  expect(one.status).toBe(status);
  if (typeof answer === 'string') expect(one.text).toBe(answer);
  else expect(JSON.parse(one.text)).toEqual(answer);
});

test('every answer has security headers, is not kept, and says its type and length', async () => {
  const { headers } = await send(direct, { ...query('{ reviewCount }'), headers: { ...json, origin: 'https://app.test' } });
  expect(headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(count.length),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'strict-transport-security': expect.any(String),
    'content-security-policy': expect.any(String),
    'access-control-allow-origin': 'https://app.test',
    'access-control-expose-headers': 'retry-after',
    vary: 'Origin',
  });
  expect((await send(direct, accepting('application/graphql-response+json'))).headers['content-type']).toBe(
    'application/graphql-response+json; charset=utf-8',
  );
  const foreign = await send(direct, { ...query('{ reviewCount }'), headers: { ...json, origin: 'https://evil.test' } });
  expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
});

test('a connection is kept for the next request, whatever came of the one before', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const statusOn = (body: string) =>
    new Promise<[number | undefined, number | undefined]>((resolve, reject) => {
      const sending = request(direct.url, { method: 'POST', agent, headers: json }, (response) => {
        const port = response.socket.localPort;
        response.resume().once('end', () => resolve([response.statusCode, port]));
      });
      sending.once('error', reject).end(body);
    });
  const good = '{"query":"{ reviewCount }"}';
  const outcomes = [];
  for (const body of [good, '{', `{"query":"${'x'.repeat(70_000)}"}`, good]) outcomes.push(await statusOn(body));
  expect(outcomes.map(([status]) => status)).toEqual([200, 400, 413, 200]);
  expect(new Set(outcomes.map(([, port]) => port)).size).toBe(1);
  agent.destroy();
});
