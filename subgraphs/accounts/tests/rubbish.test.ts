import { organizationWith, person, testSubgraph } from '@supergraph/platform/testing';
import { subgraph } from '../index.ts';
import { factors } from './factor-support.ts';
import { documents } from './support.ts';

// A database takes no U+0000 in a text, so each field must notice it first.
const graph = testSubgraph(subgraph);
const { run, close } = graph;
const { newcomer } = factors(graph);
afterAll(close);

let at = 0;
const nothing = 'a\u0000b';
const admin = person({ roles: ['USER', 'ADMIN'] });
const createClient = 'mutation ($input: CreateOAuthClientInput!) { createOAuthClient(input: $input) { client { id } } }';
const changeClient = 'mutation ($input: UpdateOAuthClientInput!) { updateOAuthClient(input: $input) { client { id } } }';
const rotateSecret = 'mutation ($input: RotateClientSecretInput!) { rotateClientSecret(input: $input) { secret } }';
const savePolicy = 'mutation ($input: SavePolicyInput!) { savePolicy(input: $input) { policy { id } } }';
const client = { name: 'Shop', type: 'CONFIDENTIAL', redirectUris: ['https://shop.example/'], scopes: ['accounts:read'] };

describe('U+0000 in a text is refused by name', () => {
  test.each([
    ['a client’s name', createClient, { ...client, name: nothing }],
    ['a client’s redirect URI', createClient, { ...client, redirectUris: [`https://shop.example/${nothing}`] }],
    ['a redirect URI of an app', createClient, { ...client, redirectUris: [`com.example.app:/${nothing}`] }],
    ['a client’s scope', createClient, { ...client, scopes: [nothing] }],
    ['the id of a client to be changed', changeClient, { clientId: nothing, version: 1, name: 'Shop' }],
    ['the id of a client whose secret changes', rotateSecret, { clientId: nothing }],
    ['the name of an access token', documents.createToken, { name: nothing, scopes: ['accounts:read'] }],
    ['a scope of an access token', documents.createToken, { name: 'CI', scopes: [nothing] }],
    ['a biography', documents.update, { version: 1, bio: nothing }],
    ['a new password', documents.changePassword, { newPassword: `seven quiet herons ${nothing}` }],
    ['the name of an authenticator app', documents.startTotp, { label: nothing }],
    ['a reason', documents.generateCodes, { reason: nothing }],
  ] as const)('%s', async (_where, document, input) => {
    const { as } = await newcomer(`nul_${(at += 1)}`);
    expect((await run(document, { as, input })).codes).toEqual(['BAD_USER_INPUT']);
  });

  test.each([
    ['the text of a policy', savePolicy, { name: 'None', text: `// ${nothing}\nforbid (principal, action, resource);` }],
    ['a policy’s name', savePolicy, { name: nothing, text: 'forbid (principal, action, resource);' }],
    ['the reason of a suspension', documents.suspend, { userId: admin.userId, reason: nothing }],
  ] as const)('%s, by an administrator', async (_where, document, input) => {
    expect((await run(document, { as: admin, input })).codes).toEqual(['BAD_USER_INPUT']);
  });

  test.each([
    ['what is looked for', '{ users(filter: { search: "a\\u0000" }) { totalCount } }'],
    ['what an entry is about', '{ auditEvents(filter: { target: "a\\u0000" }) { nodes { id } } }'],
  ])('%s', async (_where, document) => {
    expect((await run(document, { as: admin })).codes).toEqual(['BAD_USER_INPUT']);
  });

  test('a guest’s texts', async () => {
    const bad = async (document: string, input: object) =>
      expect((await run(document, { as: null, input })).codes).toEqual(['BAD_USER_INPUT']);
    await bad(documents.start, { identifier: nothing });
    await bad(documents.requestReset, { email: 'nobody@example.org', idempotencyKey: nothing });
    await bad(documents.resend, { email: 'nobody@example.org', idempotencyKey: nothing });
    // Secrets are compared by their hash: one that nobody has opens nothing.
    expect((await run(documents.verify, { as: null, input: { token: nothing } })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.refresh, { as: null, input: { refreshToken: nothing } })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await run(documents.start, { as: null, input: { identifier: 'nobody', deviceToken: nothing } })).codes).toEqual([]);
    const { startSignIn } = (await run(documents.start, { as: null, input: { identifier: 'nobody' } })).data;
    expect((await run(documents.proceed, { as: null, input: { flowId: startSignIn.flow.id, password: nothing } })).codes).toEqual([
      'UNAUTHENTICATED',
    ]);
  });

  test('what a service account is called', async () => {
    const within = organizationWith(['organizations.service_account.manage']);
    const input = { organizationId: within.id, handle: nothing, displayName: nothing };
    expect((await run(documents.createService, { in: within, input })).codes).toEqual(['BAD_USER_INPUT']);
  });
});

test('a scope is one of the list, not what every object has', async () => {
  const { as } = await newcomer('proto_ana');
  for (const scope of ['constructor', '__proto__', 'toString'])
    expect((await run(createClient, { as, input: { ...client, scopes: [scope] } })).codes).toEqual(['BAD_USER_INPUT']);
});
