import * as openid from 'openid-client';
import { demo, demoPeople } from '@supergraph/schema/demo';
import { type AppProcess, ask, startAppProcess } from '../support/app-process.ts';
import { createWorld, give, type Person, type World } from '../support/journey.ts';
import { password, signIn } from '../support/people.ts';
import { freePorts } from '../support/services.ts';
import { openWebBrowser, type Page, type WebBrowser } from '../support/web-browser.ts';

export const shopCallback = 'https://shop.example/callback';
/** The second of the sample people is an administrator. */
export const [ada, bruno, chiara] = demoPeople as unknown as [
  (typeof demoPeople)[number],
  (typeof demoPeople)[number],
  (typeof demoPeople)[number],
];

export interface Client {
  readonly id: string;
  readonly secret: string | null;
  readonly version: number;
}

export interface Authorization {
  readonly page: Page;
  readonly browser: WebBrowser;
  readonly verifier: string;
  readonly state: string;
  readonly redirectUri: string;
}

export interface OAuthWorld {
  readonly app: AppProcess;
  readonly world: World;
  /** An access token of one of the sample people, by the graph's own sign-in. */
  tokenOf(email: string): Promise<string>;
  /** Registers a client as Ada, or as somebody else. */
  register(input?: object, token?: string): Promise<Client>;
  configurationOf(client: Client, authentication?: openid.ClientAuth): Promise<openid.Configuration>;
  /** Opens the authorization endpoint in a browser. */
  authorize(config: openid.Configuration, parameters?: Record<string, string>, browser?: WebBrowser): Promise<Authorization>;
  end(): Promise<void>;
}

const create = 'mutation ($input: CreateOAuthClientInput!) { createOAuthClient(input: $input) { client { id version } secret } }';

/** The program as a newcomer starts it, at an address of its own. */
export async function startOAuth(environment: Record<string, string> = {}): Promise<OAuthWorld> {
  const [port = 0] = await freePorts(1);
  const app = await startAppProcess({ environment: { PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}`, ...environment } });
  const world = createWorld(app);
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (email: string) => {
    const known = tokens.get(email) ?? signInWith(world, email, demo.password);
    tokens.set(email, known);
    return known;
  };
  return {
    app,
    world,
    tokenOf,
    register: async (input = {}, token) => {
      const wanted = { name: 'Shop', type: 'CONFIDENTIAL', redirectUris: [shopCallback], scopes: ['accounts:read'], ...input };
      const { client, secret } = await give(world, create, { input: wanted, token: token ?? (await tokenOf(ada.email)) });
      return { id: client.id, version: client.version, secret };
    },
    configurationOf: ({ id, secret }, authentication) =>
      openid.discovery(new URL(app.url), id, secret ?? undefined, authentication ?? (secret ? undefined : openid.None()), {
        execute: [openid.allowInsecureRequests],
      }),
    authorize: async (config, parameters = {}, browser) => {
      const verifier = openid.randomPKCECodeVerifier();
      const state = openid.randomState();
      const redirectUri = parameters['redirect_uri'] ?? shopCallback;
      const opened = browser ?? openWebBrowser([redirectUri]);
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid profile accounts:read',
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        ...parameters,
      });
      return { page: await opened.open(url), browser: opened, verifier, state, redirectUri };
    },
    end: async () => {
      await world.close();
      await app.end();
    },
  };
}

/** Types address and password into the sign-in page; where that leads. */
export const typeIn = (
  { browser, page }: Pick<Authorization, 'browser' | 'page'>,
  email: string,
  secret: string = demo.password,
): Promise<Page> => browser.submit(page, 'password', { identifier: email, password: secret });

/** Signs in and allows whatever is asked for; the address at which the client is told. */
export async function allow(authorization: Authorization, email: string, secret: string = demo.password): Promise<URL> {
  const next = authorization.page.status === 0 ? authorization.page : await typeIn(authorization, email, secret);
  return (next.status === 0 ? next : await authorization.browser.submit(next, 'allow')).url;
}

/** Exchanges the code at an address for tokens. */
export const exchange = (config: openid.Configuration, { verifier, state }: Authorization, url: URL) =>
  openid.authorizationCodeGrant(config, url, { pkceCodeVerifier: verifier, expectedState: state });

async function signInWith(world: World, identifier: string, secret: string): Promise<string> {
  const begun = await give(world, 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }', {
    input: { identifier },
  });
  const { flow } = await give(
    world,
    'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { tokens { accessToken } } } }',
    { input: { flowId: begun.flow.id, password: secret } },
  );
  return flow.tokens.accessToken as string;
}

/** Signs a person who registered here in to an app. */
export async function signInToApp(oauth: OAuthWorld, config: openid.Configuration, person: Person, parameters?: Record<string, string>) {
  const authorization = await oauth.authorize(config, parameters);
  return exchange(config, authorization, await allow(authorization, person.email, password));
}

/** Whether the graph still takes a token. */
export async function isTaken(app: Pick<AppProcess, 'url'>, token: string): Promise<boolean> {
  const { errors } = await ask(app, '{ viewer { id } }', { token });
  return errors?.[0]?.extensions['code'] !== 'UNAUTHENTICATED';
}

/** Sends a form to an endpoint of the provider, as no library would. */
export async function post(
  app: Pick<AppProcess, 'url'>,
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${app.url}${path}`, { method: 'POST', body: new URLSearchParams(fields), headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

export { signIn };
