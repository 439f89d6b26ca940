import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginSubscriptionCallback } from '@apollo/server/plugin/subscriptionCallback';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { startEmbeddedDatabase } from '@supergraph/platform/embedded-database';
import { sdlOf } from '@supergraph/platform/subgraph';
import { createTestDatabase } from '@supergraph/platform/test-database';
import { parse } from 'graphql';
import { createClient } from 'graphql-ws';
import postgres from 'postgres';
import { WebSocket } from 'ws';
import { loadDomains } from '../app.ts';
import { composeSubgraphs } from '../src/compose.ts';
import { type AppProcess, ask, makeDataDirectory, startAppProcess } from './support/app-process.ts';
import { createWorld, give } from './support/journey.ts';
import { register } from './support/people.ts';
import { freePorts } from './support/services.ts';

// The program as it is started: what is wrong with a start is said with its mend, and nothing half-started serves.
const repository = resolve(import.meta.dirname, '../..');
const directories: string[] = [];
const newDirectory = () => {
  const directory = makeDataDirectory();
  directories.push(directory);
  return directory;
};
const running: AppProcess[] = [];
const start = async (environment: Record<string, string>, dataDirectory: string) => {
  const app = await startAppProcess({ environment: { SEED: 'none', ...environment }, dataDirectory });
  running.push(app);
  return app;
};
afterAll(async () => {
  await Promise.all(running.map((app) => app.end('SIGKILL')));
  for (const directory of directories) {
    // The programs were killed, so nobody has stopped their database.
    const database = await startEmbeddedDatabase({ directory: join(directory, 'postgres') });
    await database.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});

/** Starts a program that must end by itself; what it wrote and its exit code. */
function refused(environment: Record<string, string>, entry: readonly string[] = ['gateway/main.ts']) {
  const { status, stdout, stderr } = spawnSync(process.execPath, entry, {
    cwd: repository,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      SEED: 'none',
      LOG_LEVEL: 'warn',
      PORT: '0',
      ADMIN_PORT: '0',
      ...environment,
    },
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { status, stdout, stderr };
}

const databaseRuns = (directory: string) => existsSync(join(directory, 'postgres', 'data', 'postmaster.pid'));

async function holdPort(): Promise<{ port: number; release: () => void }> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { port: (server.address() as AddressInfo).port, release: () => server.close() };
}
/** Only Linux tells who listens. */
const holder = process.platform === 'linux' ? ` by .+ \\(pid ${process.pid}\\)` : '';

test('settings that do not hold stop the start, and all of them are named with what they must be', () => {
  const { status, stdout, stderr } = refused({
    PORT: 'eighty',
    ADMIN_PORT: '70000',
    CACHE_MB: 'plenty',
    DATABASE_URL: 'mysql://localhost/shop',
    LOG_LEVEL: 'loud',
    SEED: 'all',
    INTERNAL_KEY: 'short',
    SUBGRAPH_CATALOG_URL: 'catalog:4000',
  });
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr.trim().split('\n').toSorted()).toEqual([
    '  ADMIN_PORT must be at most 65535',
    '  CACHE_MB must be a number of megabytes, 0 to 65536',
    '  DATABASE_URL must be an address such as postgres://user:password@host:5432/database',
    '  INTERNAL_KEY must have at least 32 characters; mend: openssl rand -hex 32',
    '  LOG_LEVEL must be trace, debug, info, warn, error, fatal or silent',
    '  PORT must be a number between 0 and 65535',
    '  SEED must be demo or none',
    '  SUBGRAPH_CATALOG_URL must be an address such as http://127.0.0.1:4101/graphql',
    'these settings do not hold (see .env.example):',
  ]);
});

test('a setting of a domain that does not exist is named, for it would have no effect', () => {
  const wrong = { SUBGRAPH_CATALOGUE_URL: 'http://127.0.0.1:4101/graphql', DATABASE_URL_SHOP: 'postgres://shop@127.0.0.1/shop' };
  for (const entry of [['gateway/main.ts'], ['subgraphs/serve.ts', 'catalog']]) {
    const { status, stderr } = refused(wrong, entry);
    expect(stderr).toMatch(/^ {2}SUBGRAPH_CATALOGUE_URL names no domain; mend: one of ACCOUNTS, CATALOG, /m);
    expect(stderr).toMatch(/^ {2}DATABASE_URL_SHOP names no domain; /m);
    expect(status).toBe(1);
  }
});

test('settings come from the named file too, and those of the environment win', () => {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'));
  const file = join(folder, '.env');
  writeFileSync(file, 'INTERNAL_KEY=short\nADMIN_PORT=ninety\n');
  const problems = (argument: string) => refused({ ADMIN_PORT: '70000' }, ['gateway/main.ts', argument]).stderr.trim().split('\n').slice(1);
  const outOfRange = '  ADMIN_PORT must be at most 65535';
  expect(problems(`--settings=${file}`)).toEqual([outOfRange, expect.stringContaining('INTERNAL_KEY must have at least 32 characters')]);
  expect(problems(`--settings=${file}.nowhere`)).toEqual([outOfRange]);
  rmSync(folder, { recursive: true });
});

test('a start for production names everything that production needs', () => {
  const { status, stderr } = refused({ NODE_ENV: 'production', SEED: 'demo' });
  expect(status).toBe(1);
  for (const variable of ['DATABASE_URL', 'PUBLIC_URL', 'INTERNAL_KEY', 'SEED'])
    expect(stderr).toMatch(new RegExp(`^  ${variable} .*; mend: |^  ${variable} .*mend: `, 'm'));
});

test('a domain that does not exist cannot be served, and those that do are named', () => {
  const { status, stderr } = refused({}, ['subgraphs/serve.ts', 'catalogue']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/npm run serve -- <accounts \| catalog \| /);
});

test('a service that could not learn what is forbidden does not start', () => {
  const { status, stderr } = refused({}, ['subgraphs/serve.ts', 'reviews']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^SUBGRAPH_ACCOUNTS_URL is missing: .*; mend: npm run serve -- accounts/);
});

test.each(['PORT', 'ADMIN_PORT'])('a taken %s is named with who has it and the mend, and no database stays behind', async (variable) => {
  const directory = newDirectory();
  const { port, release } = await holdPort();
  const { status, stderr } = refused({ [variable]: String(port), DATA_DIR: directory });
  release();
  expect(stderr).toMatch(new RegExp(`^port ${port} is taken${holder}\\n  mend: stop that program, or set ${variable} to another port\\n$`));
  expect(status).toBe(1);
  expect(databaseRuns(directory)).toBe(false);
});

test('a service says the same of its ports', async () => {
  const { port, release } = await holdPort();
  const database = await createTestDatabase();
  for (const variable of ['PORT', 'ADMIN_PORT']) {
    const accounts = { SUBGRAPH_ACCOUNTS_URL: 'http://127.0.0.1:9/graphql' };
    const environment = { ...accounts, [variable]: String(port), DATA_DIR: newDirectory(), DATABASE_URL: database.url };
    const { status, stderr } = refused(environment, ['subgraphs/serve.ts', 'reviews']);
    expect(stderr).toMatch(
      new RegExp(`^port ${port} is taken${holder}\\n  mend: stop that program, or set ${variable} to another port\\n$`),
    );
    expect(status).toBe(1);
  }
  release();
  await database.drop();
});

test('a migration that cannot run stops the start before anything is served, and its file is named', async () => {
  const database = await createTestDatabase();
  const sql = postgres(database.ownerUrl, { max: 1, onnotice: () => undefined });
  // As after a restored backup: the tables are there, the record of what made them is not.
  await sql`delete from migrations.accounts`;
  for (const entry of [['gateway/main.ts'], ['subgraphs/serve.ts', 'accounts']]) {
    const { status, stdout, stderr } = refused({ DATA_DIR: newDirectory(), DATABASE_URL: database.url }, entry);
    expect(stderr).toMatch(/^db\/accounts\/migrations\/0000_\w+\.sql: .* already exists\nmend: correct the file and start again; .*\n$/);
    expect(status).toBe(1);
    expect(stdout).not.toContain('/graphql');
  }
  await sql.end({ timeout: 2 });
  await database.drop();
});

test('a supergraph that cannot be used stops the start, and one that breaks later is only reported', async () => {
  const database = await createTestDatabase();
  const directory = newDirectory();
  const environment = { DATABASE_URL: database.url, DATA_DIR: directory };
  const path = join(directory, 'supergraph.graphql');
  writeFileSync(path, 'type Query { a: Int }');
  const { status, stderr } = refused({ ...environment, SUPERGRAPH: path });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^the supergraph does not hold:\n- it is no supergraph.*\nmend: .*\n$/);
  copyFileSync(join(repository, 'schema/supergraph.graphql'), path);
  const app = await start({ ...environment, SUPERGRAPH: path }, directory);
  writeFileSync(path, 'type Query { a: Int }');
  const ready = async () => (await fetch(`${app.adminUrl}/health/ready`)).json() as Promise<{ ok: boolean; warnings: string[] }>;
  for (let tries = 0; tries < 100 && (await ready()).warnings.length === 0; tries++) await new Promise((done) => setTimeout(done, 50));
  expect(await ready()).toMatchObject({ ok: true, warnings: [expect.stringContaining('it is no supergraph')] });
  expect((await ask(app, '{ products(first: 1) { nodes { id } } }')).status).toBe(200);
  expect(await app.end()).toBe(0);
  await database.drop();
}, 90_000);

test('a database that is not there is said without a stack of calls, and without its password', () => {
  const { status, stderr } = refused({ DATABASE_URL: 'postgres://owner:hunter2@127.0.0.1:9/shop', DATA_DIR: newDirectory() });
  expect(status).toBe(1);
  expect(stderr).not.toContain('hunter2');
  expect(stderr).toContain('127.0.0.1:9');
});

test('two programs with ports and directories of their own know nothing of each other', async () => {
  const [port = 0, adminPort = 0, otherPort = 0, otherAdminPort = 0] = await freePorts(4);
  const [one, other] = await Promise.all([
    start({ PORT: String(port), ADMIN_PORT: String(adminPort) }, newDirectory()),
    start({ PORT: String(otherPort), ADMIN_PORT: String(otherAdminPort) }, newDirectory()),
  ]);
  expect([one.url, one.adminUrl, other.url, other.adminUrl]).toEqual(
    [port, adminPort, otherPort, otherAdminPort].map((each) => `http://127.0.0.1:${each}`),
  );
  for (const { adminUrl } of [one, other]) expect((await fetch(`${adminUrl}/health/ready`)).status).toBe(200);
  const world = createWorld(one);
  const { token, handle } = await register(world, 'Ana');
  const byHandle = 'query ($handle: String!) { userByHandle(handle: $handle) { handle } }';
  expect(await give(world, byHandle, { variables: { handle }, token })).toEqual({ handle });
  const strange = await ask(other, byHandle, { variables: { handle }, token });
  expect(strange.errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
  expect(await Promise.all([one.end(), other.end()])).toEqual([0, 0]);
});

test('a second program on the same directory shares the database, which ends with the last of them', async () => {
  const directory = newDirectory();
  const first = await start({ PUBLIC_URL: 'http://graph.test' }, directory);
  const { token, id } = await register(createWorld(first), 'Ana');
  const second = await start({ PUBLIC_URL: 'http://graph.test' }, directory);
  const viewer = async () => (await ask(second, '{ viewer { id } }', { token })).data;
  expect(await viewer()).toEqual({ viewer: { id } });
  expect(await first.end('SIGTERM')).toBe(0);
  expect(databaseRuns(directory)).toBe(true);
  expect(await viewer()).toEqual({ viewer: { id } });
  expect(await second.end('SIGINT')).toBe(0);
  expect(databaseRuns(directory)).toBe(false);
});

test("somebody else's subgraph joins through a supergraph: asked at its address, its events called back", async () => {
  const sdl = `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    type Query { latestTick: Tick }
    type Subscription { ticked: Tick }
    type Tick { number: Int product: Product }
    type Product @key(fields: "id", resolvable: false) { id: ID! }
  `;
  const resolvers = {
    Query: { latestTick: () => ({ number: 9 }) },
    Subscription: {
      ticked: {
        subscribe: async function* () {
          for (let number = 1; number <= 3; number++) yield { ticked: { number } };
        },
      },
    },
  };
  const plugins = [ApolloServerPluginSubscriptionCallback(), ApolloServerPluginInlineTraceDisabled()];
  const server = new ApolloServer({ schema: buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as never }]), plugins });
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } });
  const domains = (await loadDomains()).map((domain) => ({ name: domain.name, sdl: sdlOf(domain) }));
  const database = await createTestDatabase();
  const directory = newDirectory();
  const path = join(directory, 'supergraph.graphql');
  writeFileSync(path, composeSubgraphs([...domains, { name: 'clock-work', sdl, url }]).supergraphSdl);
  const app = await start({ DATABASE_URL: database.url, SUPERGRAPH: path, SUBGRAPH_CLOCK_WORK_SUBSCRIPTIONS: 'callback' }, directory);
  expect((await ask(app, '{ latestTick { number } products(first: 1) { nodes { id } } }')).data).toEqual({
    latestTick: { number: 9 },
    products: { nodes: [] },
  });
  const client = createClient({ url: `${app.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
  const events = [];
  for await (const event of client.iterate({ query: 'subscription { ticked { number } }' })) events.push(event);
  expect(events).toEqual([1, 2, 3].map((number) => ({ data: { ticked: { number } } })));
  await client.dispose();
  expect(await app.end()).toBe(0);
  await server.stop();
  await database.drop();
});
