import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A program of ours in a process of its own, as a user starts it. */
export interface AppProcess {
  readonly child: ChildProcess;
  /** The address that it printed, without a slash at the end. */
  readonly url: string;
  readonly adminUrl: string;
  readonly dataDirectory: string;
  /** Everything it has written so far. */
  output(): string;
  /** Ends it and waits; the exit code, or null when a signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface AppOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Kept after `end`, so that the next start finds it. */
  readonly dataDirectory?: string;
  readonly entry?: readonly string[];
}

/** For a slow machine; how fast a start is, the benchmarks measure. */
const startWithinMs = 120_000;
const repository = resolve(import.meta.dirname, '../../..');

/** A data directory that tests may share between starts. */
export const makeDataDirectory = (): string => mkdtempSync(join(tmpdir(), 'supergraph-app-'));

/** Starts the program on free ports and waits for its addresses; rejects with its output when it ends before. */
export async function startAppProcess(options: AppOptions = {}): Promise<AppProcess> {
  const dataDirectory = options.dataDirectory ?? makeDataDirectory();
  const child = spawn(process.execPath, [...(options.entry ?? ['gateway/main.ts'])], {
    cwd: repository,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PORT: '0',
      ADMIN_PORT: '0',
      DATA_DIR: dataDirectory,
      LOG_LEVEL: 'warn',
      ORGANIZATION_DELETION_SECONDS: '2',
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  const ready = Promise.withResolvers<{ url: string; adminUrl: string }>();
  const collect = (chunk: Buffer) => {
    written += chunk.toString();
    const url = /graph\s+(http:\/\/\S+?)\/graphql/.exec(written)?.[1];
    const adminUrl = /operators\s+(http:\/\/\S+?)\/health/.exec(written)?.[1];
    if (url && adminUrl) ready.resolve({ url, adminUrl });
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const timer = setTimeout(() => ready.reject(new Error(`the program did not start in time:\n${written}`)), startWithinMs);
  void ended.then((code) => ready.reject(new Error(`the program ended with ${code} before it served:\n${written}`)));
  const { url, adminUrl } = await ready.promise.finally(() => clearTimeout(timer));
  return {
    child,
    url,
    adminUrl,
    dataDirectory,
    output: () => written,
    end: async (signal = 'SIGTERM') => {
      child.kill(signal);
      const code = await ended;
      if (!options.dataDirectory) rmSync(dataDirectory, { recursive: true, force: true });
      return code;
    },
  };
}

/** Asks a running program one operation over HTTP. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
export async function ask(
  app: Pick<AppProcess, 'url'>,
  query: string,
  options: { variables?: object; token?: string; organizationId?: string } = {},
): Promise<{
  data: any;
  errors?: readonly { message: string; path?: readonly (string | number)[]; extensions: Record<string, unknown> }[];
  status: number;
}> {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      ...(options.organizationId ? { 'x-organization-id': options.organizationId } : {}),
    },
    body: JSON.stringify({ query, variables: options.variables }),
  });
  return { ...((await response.json()) as object), status: response.status } as never;
}

/** Signs a person in with a password, as any client does; the access token. */
export async function signInAs(app: Pick<AppProcess, 'url'>, email: string, password: string): Promise<string> {
  const begun = await ask(app, 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }', {
    variables: { input: { identifier: email } },
  });
  const done = await ask(
    app,
    'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { tokens { accessToken } } } }',
    {
      variables: { input: { flowId: begun.data.startSignIn.flow.id, password } },
    },
  );
  return done.data.continueSignIn.flow.tokens.accessToken as string;
}
