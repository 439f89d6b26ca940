import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { ApolloLink } from '@apollo/client/link';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition } from '@apollo/client/utilities';
import { demo, demoPeople } from '@supergraph/schema/demo';
import { createClient } from 'graphql-ws';
import { type Browser, chromium } from 'playwright-core';
import { WebSocket } from 'ws';
import { type AppProcess, ask, signInAs, startAppProcess } from './support/app-process.ts';

// The program as a newcomer starts it: embedded database, sample data, real clients.
let app: AppProcess;
beforeAll(async () => {
  app = await startAppProcess({ withinMs: 60_000 });
}, 90_000);
afterAll(async () => {
  await app?.end();
}, 30_000);

const [ada, bruno] = demoPeople as [(typeof demoPeople)[0], (typeof demoPeople)[0]];

describe('Apollo Client', () => {
  let token: string;
  let client: ApolloClient;
  const socketOf = () =>
    createClient({ url: `${app.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, connectionParams: { authorization: `Bearer ${token}` } });
  let socket: ReturnType<typeof socketOf>;

  beforeAll(async () => {
    token = await signInAs(app, ada.email, demo.password);
    socket = socketOf();
    const http = new HttpLink({ uri: `${app.url}/graphql`, headers: { authorization: `Bearer ${token}` } });
    const link = ApolloLink.split(
      ({ query }) => {
        const definition = getMainDefinition(query);
        return definition.kind === 'OperationDefinition' && definition.operation === 'subscription';
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
    expect(client.cache.extract()[`Product:${first?.id}`]).toMatchObject({ title: first?.title });
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
    const direct = await ask(app, 'mutation ($input: StartDirectConversationInput!) { startDirectConversation(input: $input) { conversation { id cursor } } }', {
      token,
      variables: { input: { userId: bruno.id } },
    });
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
    expect(await heard.promise).toMatchObject({ data: { messageAdded: { node: { body: 'Hello Ada', author: { displayName: bruno.displayName } } } } });
    running.unsubscribe();
  });
});

describe('the playground in a browser', () => {
  let browser: Browser | undefined;
  const profile = mkdtempSync(join(tmpdir(), 'supergraph-browser-'));
  const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
  const screenshots = join(import.meta.dirname, '../../.data/screenshots');

  beforeAll(async () => {
    if (!executable) throw new Error('no Chromium is installed; mend: apt-get install chromium');
    browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
    mkdirSync(screenshots, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(profile, { recursive: true, force: true });
  });

  test('a visitor runs the first sample, signs in at a click and sees a subscription deliver', async () => {
    const page = await (browser as Browser).newPage({ viewport: { width: 1440, height: 900 } });
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('requestfailed', (request) => {
      if (!request.url().startsWith(app.url)) problems.push(`asked another host: ${request.url()}`);
    });
    await page.goto(`${app.url}/`);
    const run = page.locator('button.graphiql-execute-button');
    await run.waitFor();
    await run.click();
    const answer = page.locator('.graphiql-response');
    await answer.getByText('"totalCount"').first().waitFor();
    await page.getByRole('button', { name: `Sign in as ${ada.displayName}` }).click();
    await page.getByText('signed in as').waitFor();
    await page.screenshot({ path: join(screenshots, 'playground.png') });

    await page.locator('.graphiql-tab-button').nth(3).click();
    await run.click();
    await page.locator('button.graphiql-execute-button[aria-label*="Stop"]').waitFor();
    const brunosToken = await signInAs(app, bruno.email, demo.password);
    const direct = await ask(app, 'mutation ($input: StartDirectConversationInput!) { startDirectConversation(input: $input) { conversation { id } } }', {
      token: brunosToken,
      variables: { input: { userId: ada.id } },
    });
    // The socket may still be opening, so Bruno writes until she has heard him.
    const delivered = answer.getByText('notificationAdded').first().waitFor({ timeout: 20_000 });
    let heard = false;
    void delivered.then(() => {
      heard = true;
    });
    for (let n = 0; !heard && n < 8; n++) {
      await ask(app, 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { seq } } }', {
        token: brunosToken,
        variables: { input: { conversationId: direct.data.startDirectConversation.conversation.id, clientMessageId: `playground ${n}`, body: 'Are you there?' } },
      });
      await page.waitForTimeout(1_500);
    }
    await delivered;
    await page.screenshot({ path: join(screenshots, 'subscription.png') });
    expect(problems).toEqual([]);
    await page.close();
  }, 90_000);
});

test('curl, which every machine has, gets an answer', () => {
  const { stdout } = spawnSync('curl', ['-s', '-H', 'content-type: application/json', '-d', '{"query":"{ products(first: 1) { totalCount } }"}', `${app.url}/graphql`], { encoding: 'utf8' });
  expect(JSON.parse(stdout)).toMatchObject({ data: { products: { totalCount: expect.any(Number) as number } } });
});
