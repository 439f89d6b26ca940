import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { ApolloLink } from '@apollo/client/link';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition } from '@apollo/client/utilities';
import { demo, demoPeople, demoSellers } from '@supergraph/schema/demo';
import { Kind, OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { playgroundPage } from '../samples.ts';
import { type AppProcess, ask, signInAs, startAppProcess } from './support/app-process.ts';

// The program as a newcomer starts it: embedded database, sample data, real clients.
let app: AppProcess;
beforeAll(async () => {
  app = await startAppProcess();
});
afterAll(async () => {
  await app?.end();
});

const [ada, bruno] = demoPeople as [(typeof demoPeople)[0], (typeof demoPeople)[0]];

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const queriesOfReadme = [...readme.matchAll(/```graphql\n(.+?)```/gs), ...readme.matchAll(/\| `(\{.+?\})` +\|/g)].map(
  ([, query]) => query ?? '',
);
const samples = playgroundPage.samples.filter(({ query }) => !query.includes('subscription Live'));

describe('what a newcomer is told to try', () => {
  let token: string;
  beforeAll(async () => {
    token = await signInAs(app, ada.email, demo.password);
  });
  const inHarborBooks = (query: string) => (query.includes('currentOrganization') ? { organizationId: demoSellers[0]?.id ?? '' } : {});
  /** The first list of an answer must have something in it. */
  const isEmpty = (data: unknown) => /"(nodes|warehouses)":\[(.?)/.exec(JSON.stringify(data))?.[2] === ']';

  test('the README has its five queries and one for each domain', () => {
    expect(queriesOfReadme.length).toBeGreaterThanOrEqual(5 + 6);
  });
  test.each(queriesOfReadme.map((query) => [query.replaceAll(/\s+/g, ' '), query] as const))('README: %s', async (_name, query) => {
    const { data, errors } = await ask(app, query, { token, ...inHarborBooks(query) });
    expect(errors).toBeUndefined();
    expect(isEmpty(data)).toBe(false);
  });
  test.each(samples.map(({ query, variables }) => [/^(?:query|mutation) (\w+)/m.exec(query)?.[1], query, variables] as const))(
    'playground: %s',
    async (_name, query, variables = '{}') => {
      const { data, errors } = await ask(app, query, { token, variables: JSON.parse(variables) as object });
      expect(errors).toBeUndefined();
      expect(isEmpty(data)).toBe(false);
    },
  );
});

describe('Apollo Client', () => {
  let token: string;
  let client: ApolloClient;
  const socketOf = () =>
    createClient({
      url: `${app.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
    });
  let socket: ReturnType<typeof socketOf>;

  beforeAll(async () => {
    token = await signInAs(app, ada.email, demo.password);
    socket = socketOf();
    const http = new HttpLink({ uri: `${app.url}/graphql`, headers: { authorization: `Bearer ${token}` } });
    const link = ApolloLink.split(
      ({ query }) => {
        const definition = getMainDefinition(query);
        return definition.kind === Kind.OPERATION_DEFINITION && definition.operation === OperationTypeNode.SUBSCRIPTION;
      },
      new GraphQLWsLink(socket),
      http,
    );
    client = new ApolloClient({ link, cache: new InMemoryCache() });
  });
  afterAll(async () => {
    client.stop();
    await socket.dispose();
  });

  test('a query fills the normalized cache, which answers the next one', async () => {
    const query = gql`
      query {
        products(first: 5) {
          nodes {
            id
            title
            rating {
              count
            }
          }
        }
      }
    `;
    const { data } = await client.query<{ products: { nodes: readonly { id: string; title: string }[] } }>({ query });
    const first = data?.products.nodes[0];
    expect(data?.products.nodes).toHaveLength(5);
    const extracted = client.cache.extract() as Record<string, unknown>;
    expect(extracted[`Product:${first?.id}`]).toMatchObject({ title: first?.title });
    const cached = client.readQuery({ query });
    expect(cached).toEqual(data);
  });

  test('a mutation updates what the cache knows of the viewer', async () => {
    const viewer = gql`
      query {
        viewer {
          id
          displayName
          version
        }
      }
    `;
    const { data } = await client.query<{ viewer: { id: string; version: number } }>({ query: viewer });
    await client.mutate({
      mutation: gql`
        mutation ($input: UpdateProfileInput!) {
          updateProfile(input: $input) {
            user {
              id
              displayName
              version
            }
          }
        }
      `,
      variables: { input: { version: data?.viewer.version, displayName: 'Ada from the cache' } },
    });
    expect(client.readQuery({ query: viewer })).toMatchObject({ viewer: { displayName: 'Ada from the cache' } });
  });

  test('a subscription over WebSocket hears a message that somebody else sends', async () => {
    const direct = await ask(
      app,
      'mutation ($input: StartDirectConversationInput!) { startDirectConversation(input: $input) { conversation { id cursor } } }',
      {
        token,
        variables: { input: { userId: bruno.id } },
      },
    );
    const { id, cursor } = direct.data.startDirectConversation.conversation;
    const heard = Promise.withResolvers<unknown>();
    const running = client
      .subscribe({
        query: gql`
          subscription ($id: ID!, $after: String) {
            messageAdded(conversationId: $id, after: $after) {
              node {
                body
                author {
                  displayName
                }
              }
            }
          }
        `,
        variables: { id, after: cursor },
      })
      .subscribe({ next: heard.resolve, error: heard.reject });
    const brunosToken = await signInAs(app, bruno.email, demo.password);
    const sent = await ask(app, 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { seq } } }', {
      token: brunosToken,
      variables: { input: { conversationId: id, clientMessageId: 'first', body: 'Hello Ada' } },
    });
    expect(sent.errors).toBeUndefined();
    // The author's name comes from another domain than the message.
    expect(await heard.promise).toMatchObject({
      data: { messageAdded: { node: { body: 'Hello Ada', author: { displayName: bruno.displayName } } } },
    });
    running.unsubscribe();
  });
});

test('curl, which every machine has, gets an answer', () => {
  const { stdout } = spawnSync(
    'curl',
    ['-s', '-H', 'content-type: application/json', '-d', '{"query":"{ products(first: 1) { totalCount } }"}', `${app.url}/graphql`],
    { encoding: 'utf8' },
  );
  expect(JSON.parse(stdout)).toMatchObject({ data: { products: { totalCount: expect.any(Number) as number } } });
});
