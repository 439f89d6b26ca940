import { join } from 'node:path';
import { startEmbeddedDatabase } from '@supergraph/platform/embedded-database';
import * as openid from 'openid-client';
import postgres, { type Sql } from 'postgres';
import { type AppProcess, startAppProcess } from '../support/app-process.ts';
import { type Answer, createWorld, type Data, give, type Person, type World } from '../support/journey.ts';
import { password, signIn } from '../support/people.ts';
import { freePorts } from '../support/services.ts';
import { openWebBrowser, type Page, type WebBrowser } from '../support/web-browser.ts';

/** A program that people sign in to apps with. */
export interface Provider {
  readonly url: string;
  readonly world: World;
  readonly app: AppProcess;
  /** Runs statements in its database, as nobody could from outside: to let time pass. */
  inDatabase<Result>(run: (sql: Sql) => Promise<Result>): Promise<Result>;
  end(): Promise<void>;
}

/** Starts the program at an address that it knows as its own; browsers know passkeys for names alone. */
export async function startProvider(environment: Readonly<Record<string, string>> = {}, host = '127.0.0.1'): Promise<Provider> {
  const [port = 0] = await freePorts(1);
  const app = await startAppProcess({
    environment: {
      PORT: String(port),
      PUBLIC_URL: `http://${host}:${port}`,
      SEED: 'none',
      RATE_LIMIT_PER_GUEST: '0',
      RATE_LIMIT_PER_USER: '0',
      RATE_LIMIT_PER_CLIENT: '0',
      ...environment,
    },
  });
  const url = `http://${host}:${port}`;
  const world = createWorld({ url, dataDirectory: app.dataDirectory });
  return {
    url,
    world,
    app,
    inDatabase: async (run) => {
      const database = await startEmbeddedDatabase({ directory: join(app.dataDirectory, 'postgres') });
      const sql = postgres(database.url, { max: 1, onnotice: () => undefined });
      try {
        return await run(sql);
      } finally {
        await sql.end({ timeout: 2 });
        await database.stop();
      }
    },
    end: async () => {
      await world.close();
      await app.end();
      // Whatever strangers did, it was no fault of ours.
      expect(app.output()).not.toMatch(/"level":"(error|fatal)"/);
    },
  };
}

export const redirectUri = 'https://shop.example/callback';
export const clientAt = 'https://shop.example/';

/** A client that somebody registered, as its own program sees it. */
export interface Client {
  readonly id: string;
  readonly secret: string | undefined;
  readonly version: number;
  readonly redirectUri: string;
  readonly config: openid.Configuration;
}

const create = `mutation ($input: CreateOAuthClientInput!) { createOAuthClient(input: $input) { client { id version } secret } }`;

/** Registers a client; a confidential one with the scope `accounts:read` unless the input says otherwise. */
export async function newClient(
  { world, url }: Pick<Provider, 'world' | 'url'>,
  owner: Person,
  input: Readonly<Record<string, unknown>> = {},
): Promise<Client> {
  const wanted = { name: 'Shop', type: 'CONFIDENTIAL', redirectUris: [redirectUri], scopes: ['accounts:read'], ...input };
  const { client, secret } = await give(world, create, { input: wanted, token: owner.token });
  return {
    id: client.id,
    secret: secret ?? undefined,
    version: client.version,
    redirectUri: wanted.redirectUris[0] ?? '',
    config: await configure(url, client.id, secret ?? undefined),
  };
}

/** What a program knows that was told a client's id, its secret and where the provider is. */
export function configure(url: string, id: string, secret?: string, method?: openid.ClientAuth): Promise<openid.Configuration> {
  const auth = method ?? (secret ? openid.ClientSecretPost(secret) : openid.None());
  return openid.discovery(new URL(url), id, undefined, auth, { execute: [openid.allowInsecureRequests] });
}

/** What a client remembers of an authorization that it asked for. */
export interface Asked {
  readonly url: URL;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

/** The address to which a client sends a browser; `undefined` leaves a parameter out. */
export async function askFor(client: Client, parameters: Readonly<Record<string, string | undefined>> = {}): Promise<Asked> {
  const verifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  const nonce = openid.randomNonce();
  const all = {
    redirect_uri: client.redirectUri,
    scope: 'openid accounts:read',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...parameters,
  };
  const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return { url: openid.buildAuthorizationUrl(client.config, Object.fromEntries(given)), verifier, state, nonce };
}

/** A browser that knows the client's own address as one to stop at. */
export const openBrowserFor = (client: Pick<Client, 'redirectUri'>): WebBrowser => openWebBrowser([client.redirectUri]);

/** Whether a page has a form for a step. */
export const offers = ({ html }: Page, step: string): boolean => html.includes(`name="step" value="${step}"`);

export interface Ways {
  readonly answer?: 'allow' | 'deny';
  /** The organization that the person picks. */
  readonly organization?: string;
  /** What the person's authenticator app shows, or a recovery code. */
  readonly code?: () => string;
}

/** A person types what the pages ask for, up to where they are sent back. */
export async function goThrough(browser: WebBrowser, page: Page, { email }: Pick<Person, 'email'>, ways: Ways = {}): Promise<Page> {
  const { answer = 'allow', organization, code } = ways;
  let at = page;
  if (offers(at, 'password')) at = await browser.submit(at, 'password', { identifier: email, password });
  if (offers(at, 'second') && code) at = await browser.submit(at, 'second', { code: code() });
  if (offers(at, answer)) at = await browser.submit(at, answer, organization ? { organization } : {});
  // Whoever was signed in before is signed out first.
  if (at.html.includes('document.forms[0].submit()')) at = await browser.submitOnly(at);
  return at;
}

/** An authorization that came back to the client. */
export interface Granted extends Asked {
  readonly back: URL;
}

export interface Wish extends Ways {
  readonly browser?: WebBrowser;
  readonly parameters?: Readonly<Record<string, string | undefined>>;
}

/** A person lets a client in, in a new browser unless one is given. */
export async function letIn(client: Client, person: Person, { browser = openBrowserFor(client), parameters, ...ways }: Wish = {}) {
  const asked = await askFor(client, parameters);
  const { url: back, html } = await goThrough(browser, await browser.open(asked.url), person, ways);
  if (!back.href.startsWith(client.redirectUri)) throw new Error(`the browser does not come back:\n${back.href}\n${html}`);
  return { ...asked, back } satisfies Granted;
}

const codeIn = ({ back }: Granted): string => back.searchParams.get('code') ?? '';
/** The form with which a client exchanges a code, with changes. */
export const codeForm = (client: Client, granted: Granted, changes: Record<string, string> = {}) => ({
  grant_type: 'authorization_code',
  code: codeIn(granted),
  redirect_uri: client.redirectUri,
  code_verifier: granted.verifier,
  client_id: client.id,
  ...(client.secret ? { client_secret: client.secret } : {}),
  ...changes,
});

export type Tokens = Awaited<ReturnType<typeof openid.authorizationCodeGrant>>;

/** Exchanges what came back for tokens, with all checks that a client makes. */
export const exchange = (
  { config }: Pick<Client, 'config'>,
  { back, verifier, state, nonce }: Granted,
  parameters: Record<string, string> = {},
  options: openid.AuthorizationCodeGrantOptions = {},
): Promise<Tokens> =>
  openid.authorizationCodeGrant(
    config,
    back,
    { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce },
    parameters,
    options,
  );

/** A person lets a client in, which then has its tokens. */
export async function tokensFor(client: Client, person: Person, wish: Wish = {}) {
  const tokens = await exchange(client, await letIn(client, person, wish));
  return { ...tokens, claims: () => tokens.claims(), refreshToken: tokens.refresh_token ?? '', accessToken: tokens.access_token };
}

/** The error of an answer as RFC 6749 has it; fails for what is none. */
export const errorOf = async (answer: Promise<unknown>): Promise<string> => {
  try {
    return `no error: ${JSON.stringify(await answer)}`;
  } catch (error) {
    if (error instanceof openid.ResponseBodyError || error instanceof openid.AuthorizationResponseError) return error.error;
    if (error instanceof openid.WWWAuthenticateChallengeError) return error.cause[0]?.parameters.error ?? 'a challenge without an error';
    throw error;
  }
};

export const whoAmI = '{ viewer { id } }';

/** Asks the graph who is there; `UNAUTHENTICATED …` for a token that does not hold. */
export async function viewerBy({ world }: Pick<Provider, 'world'>, token: string): Promise<string | undefined> {
  const { data, codes } = await world.ask(whoAmI, { token });
  return (data?.viewer?.id as string | undefined) ?? codes[0];
}

/** Sends a form to an endpoint, as it is. */
export async function post(
  { url }: Pick<Provider, 'url'>,
  path: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: Data; readonly headers: Headers }> {
  const response = await fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(form), headers, redirect: 'manual' });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text, headers: response.headers };
}

/** The same person in a session that just began. */
export async function again({ world }: Pick<Provider, 'world'>, person: Person): Promise<Person> {
  return { ...person, ...(await signIn(world, person.email)) };
}

export type { Answer, Page, Person, WebBrowser };
