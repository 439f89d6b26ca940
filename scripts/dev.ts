import { type ChildProcess, spawn } from 'node:child_process';
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { listDomains, repository } from './domains.ts';
import { generateDomain } from './generate.ts';
import { writeComposed } from './schema.ts';

const rooms = ['platform', 'schema', 'db', 'subgraphs', 'gateway'];
const settleMs = 150;
const stopMs = 15_000;

/** Written by ourselves or not part of the running program; a restart for them would never end, or be for nothing. */
const isIgnored = (file: string): boolean =>
  /(^|\/)(node_modules|tests|coverage|dist)\/|\.types\.ts$|\.test\.ts$|^schema\/(supergraph|api|api\.\w+)\.graphql$/.test(file);

/** What a changed file asks for: nothing, a restart, or new types and a new supergraph before it. */
export function reactionTo(file: string): 'nothing' | 'restart' | 'compose' {
  if (isIgnored(file)) return 'nothing';
  if (/\/schema\.graphql$|^schema\/shared\.graphql$|\/mappers\.ts$/.test(file)) return 'compose';
  return /\.(ts|graphql|sql)$/.test(file) ? 'restart' : 'nothing';
}

/** Runs a program, again and again. `restart` waits for the old one to stop, so that it has let go of its port. */
export class Program {
  #child: ChildProcess | undefined;
  readonly #options: readonly string[];

  constructor(options: readonly string[]) {
    this.#options = options;
  }

  async restart(): Promise<void> {
    await this.stop('SIGTERM');
    const child = spawn(process.execPath, this.#options, {
      cwd: repository,
      stdio: 'inherit',
      env: { NODE_ENV: 'development', ...process.env },
    });
    this.#child = child;
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      console.log(`stopped (${signal ?? code}); it starts again when a file changes`);
    });
  }

  async stop(signal: NodeJS.Signals | undefined): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (signal) child.kill(signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), stopMs);
    await ended;
    clearTimeout(impatience);
  }
}

const watchers = new Map<string, FSWatcher>();

/** Watches each folder by itself: node's recursive watch on Linux loses files that editors replace by renaming. */
function watchFolder(folder: string, notice: (file: string) => void): void {
  const path = join(repository, folder);
  const watcher = watch(path, (event, name) => {
    if (!name) return;
    const inside = `${folder}/${name}`;
    if (event === 'rename' && isFolder(join(path, name)) && !isIgnored(`${inside}/`)) watchFolder(inside, notice);
    notice(inside);
  });
  // A folder that is deleted takes its watcher with it.
  watcher.on('error', () => watcher.close());
  watchers.get(folder)?.close();
  watchers.set(folder, watcher);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = `${folder}/${entry.name}`;
    if (entry.isDirectory() && !isIgnored(`${inside}/`)) watchFolder(inside, notice);
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

async function compose(): Promise<boolean> {
  try {
    for (const domain of listDomains()) {
      if (await generateDomain(domain)) console.log(`wrote subgraphs/${domain}/schema.types.ts`);
    }
    for (const file of writeComposed().changed) console.log(`wrote ${file}`);
    return true;
  } catch (error) {
    console.error((error as Error).message);
    return false;
  }
}

async function main(): Promise<void> {
  const program = new Program(['gateway/main.ts', '--settings=.env', ...process.argv.slice(2)]);
  const changed = new Set<string>();
  let busy = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const react = async (): Promise<void> => {
    const reactions = new Set([...changed].map(reactionTo));
    console.log(`changed: ${[...changed].join(', ')}`);
    changed.clear();
    if (reactions.has('compose') && !(await compose())) return;
    await program.restart();
  };
  const notice = (file: string): void => {
    if (reactionTo(file) === 'nothing') return;
    changed.add(file);
    clearTimeout(timer);
    timer = setTimeout(() => {
      busy = busy.then(react);
    }, settleMs);
  };

  for (const room of rooms) watchFolder(room, notice);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      // A terminal has sent its SIGINT to the program already, and a second one would cut its graceful stop short.
      const forwarded = signal === 'SIGINT' && process.stdin.isTTY ? undefined : signal;
      void program.stop(forwarded).then(() => process.exit(0));
    });
  }
  if (await compose()) await program.restart();
}

if (import.meta.main) await main();
