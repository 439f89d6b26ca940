import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { type AppProcess, ask } from './app-process.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
export type Data = any;

/** How long to wait for what must come; for a slow machine, not a promise of speed. */
const patienceMs = 60_000;

export interface AskOptions {
  readonly variables?: object;
  /** Becomes the variable `$input`. */
  readonly input?: object;
  readonly token?: string | undefined;
  readonly organizationId?: string | undefined;
}

export interface Answer {
  readonly data: Data;
  readonly errors: readonly { message: string; path?: readonly (string | number)[]; extensions: Record<string, Data> }[];
  /** Of each error its code, and its reason where it has one: `FORBIDDEN WRONG_ADDRESS`. */
  readonly codes: readonly string[];
}

/** A subscription that is open. */
export interface Stream {
  /** The next event that fits; those before it are passed over. Rejects when none comes in time. */
  next(fits?: (data: Data) => boolean, withinMs?: number): Promise<Data>;
  close(): Promise<void>;
}

/** What a journey needs of the running graph, however its domains are spread over processes. */
export interface World {
  ask(query: string, options?: AskOptions): Promise<Answer>;
  subscribe(query: string, options?: AskOptions): Stream;
  /** The newest secret that was mailed to an address; waits for one that is none of those `seen`. */
  mail(address: string, seen?: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export interface Person {
  readonly id: string;
  readonly handle: string;
  readonly displayName: string;
  readonly email: string;
  readonly token: string;
  readonly refreshToken: string;
}

/** The world of a program that runs. */
export function createWorld(app: Pick<AppProcess, 'url' | 'dataDirectory'>): World {
  const closing = new Set<() => Promise<void>>();
  return {
    ask: async (query, options = {}) => toAnswer(await ask(app, query, toRequest(options))),
    subscribe: (query, options = {}) => {
      const stream = openStream(`${app.url.replace('http', 'ws')}/graphql`, query, options);
      closing.add(stream.close);
      return stream;
    },
    mail: (address, seen = []) =>
      eventually(`a mail to ${address}`, () => readMails(app.dataDirectory, address).findLast((secret) => !seen.includes(secret))),
    close: async () => {
      await Promise.all([...closing].map((close) => close()));
    },
  };
}

const variablesOf = ({ variables, input }: AskOptions) => ({ ...variables, ...(input ? { input } : {}) });
const toRequest = ({ token, organizationId, ...rest }: AskOptions) => ({
  variables: variablesOf(rest),
  ...(token ? { token } : {}),
  ...(organizationId ? { organizationId } : {}),
});
const toAnswer = ({ data, errors = [] }: Awaited<ReturnType<typeof ask>>): Answer => ({
  data,
  errors,
  codes: errors.map(({ extensions }) => [extensions['code'], extensions['reason']].filter(Boolean).join(' ')),
});

/** What a mutation's or query's only field answers; throws what went wrong. */
export async function give(world: World, query: string, options?: AskOptions): Promise<Data> {
  const { data, errors } = await world.ask(query, options);
  if (errors.length > 0) throw new Error(`${query.slice(0, 120)}\n${JSON.stringify(errors, null, 1)}`);
  return Object.values(data as object)[0];
}

function openStream(url: string, query: string, { token, organizationId, ...rest }: AskOptions): Stream {
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(organizationId ? { 'x-organization-id': organizationId } : {}),
    },
  });
  const answers = client.iterate({ query, variables: variablesOf(rest) });
  const heard: Data[] = [];
  let failure: unknown;
  let end = false;
  const reading = (async () => {
    try {
      for await (const { data, errors } of answers) {
        if (errors) throw new Error(JSON.stringify(errors));
        heard.push(data);
      }
    } catch (error) {
      failure = error;
    }
    end = true;
  })();
  return {
    next: async (fits = () => true, withinMs = patienceMs) => {
      const passed: Data[] = [];
      return eventually(
        () => `an event that fits; there were ${JSON.stringify(passed)}`,
        () => {
          while (heard.length > 0) {
            const data = heard.shift();
            if (fits(data)) return data;
            passed.push(data);
          }
          if (failure) throw new StreamFailed(failure instanceof Error ? failure.message : JSON.stringify(failure));
          if (end) throw new StreamFailed('the stream ended');
          return undefined;
        },
        withinMs,
      );
    },
    close: async () => {
      await client.dispose();
      await answers.return?.();
      await reading;
    },
  };
}

class StreamFailed extends Error {}

/** Acts and waits for what a stream tells of it; acts again while the stream may not have begun, as nothing says when it has. */
export async function hears(stream: Stream, act: () => Promise<unknown>, fits: (data: Data) => boolean): Promise<Data> {
  const limit = Date.now() + patienceMs;
  for (;;) {
    await act();
    try {
      return await stream.next(fits, 2_000);
    } catch (error) {
      if (error instanceof StreamFailed || Date.now() > limit) throw error;
    }
  }
}

/** Tries until there is an answer other than undefined, false or null; rejects after the deadline with what failed last. */
export async function eventually<Result>(
  what: string | (() => string),
  look: () => Result | Promise<Result>,
  withinMs = patienceMs,
): Promise<Exclude<Result, undefined | null | false>> {
  const limit = Date.now() + withinMs;
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 250)) {
    let failure: unknown;
    try {
      const found = await look();
      if (found !== undefined && found !== null && found !== false) return found as never;
    } catch (error) {
      if (error instanceof StreamFailed) throw error;
      failure = error;
    }
    if (Date.now() > limit) throw new Error(`waited in vain for ${typeof what === 'string' ? what : what()}`, { cause: failure });
    await sleep(pause);
  }
}

/** The secrets in the captured mails to an address, oldest first. */
function readMails(dataDirectory: string, address: string): string[] {
  const folder = join(dataDirectory, 'mail');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.eml'))
    .toSorted()
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n').replaceAll('=\n', '').replaceAll('=3D', '=');
      const secret = /token=([\w-]{43})/.exec(text)?.[1];
      return /^To: (.+)$/m.exec(text)?.[1]?.toLowerCase() === address.toLowerCase() && secret ? [secret] : [];
    });
}

export const password = 'seven quiet herons wade';
let registered = 0;

/** A person who signed up, opened the mailed link and signed in. */
export async function register(world: World, name: string): Promise<Person> {
  const handle = `${name.toLowerCase()}_${Date.now().toString(36)}${(registered += 1)}`;
  const email = `${handle}@example.org`;
  const displayName = `${name} ${handle}`;
  await give(world, 'mutation ($input: SignUpInput!) { signUp(input: $input) { emailSentTo } }', {
    input: { email, password, displayName, handle },
  });
  const { user } = await give(world, 'mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { user { id } } }', {
    input: { token: await world.mail(email) },
  });
  return { id: user.id as string, handle, displayName, email, ...(await signIn(world, email)) };
}

/** Begins a session with the password of all people here. */
export async function signIn(world: World, identifier: string): Promise<{ token: string; refreshToken: string }> {
  const begun = await give(world, 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }', {
    input: { identifier },
  });
  const { flow } = await give(
    world,
    'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { status tokens { accessToken refreshToken } } } }',
    { input: { flowId: begun.flow.id, password } },
  );
  if (flow.status !== 'COMPLETED') throw new Error(`signing in ended with ${flow.status}`);
  return { token: flow.tokens.accessToken as string, refreshToken: flow.tokens.refreshToken as string };
}
