import { type AppProcess, ask } from './app-process.ts';
import { eventually } from './eventually.ts';
import { openEvents, openSocket, type Stream, type Subscription } from './listen.ts';
import { type Mail, readMails } from './mails.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
export type Data = any;

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

/** What a journey needs of the running graph, however its domains are spread over processes. */
export interface World {
  readonly dataDirectory: string;
  /** The address that clients know, without a slash at the end. */
  readonly url: string;
  ask(query: string, options?: AskOptions): Promise<Answer>;
  /** Over a WebSocket. */
  subscribe(query: string, options?: AskOptions): Stream;
  /** As server-sent events. */
  listen(query: string, options?: AskOptions): Stream;
  /** The mails to an address so far, oldest first. */
  mails(address: string): readonly Mail[];
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
  const kept = (stream: Stream) => {
    closing.add(stream.close);
    return stream;
  };
  const mails = (address: string) => readMails(app.dataDirectory, address);
  return {
    dataDirectory: app.dataDirectory,
    get url() {
      return app.url;
    },
    ask: async (query, options = {}) => toAnswer(await ask(app, query, toRequest(options))),
    subscribe: (query, options = {}) => kept(openSocket(app.url, toSubscription(query, options))),
    listen: (query, options = {}) => kept(openEvents(app.url, toSubscription(query, options))),
    mails,
    mail: (address, seen = []) =>
      eventually(`a mail to ${address}`, () => mails(address).findLast(({ secret }) => secret && !seen.includes(secret))?.secret),
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
const toSubscription = (query: string, { token, organizationId, ...rest }: AskOptions): Subscription => ({
  query,
  variables: variablesOf(rest),
  headers: {
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(organizationId ? { 'x-organization-id': organizationId } : {}),
  },
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
