import { type FSWatcher, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { SettingsError } from '@supergraph/platform/config';
import type { SourceListener, SupergraphSource } from './supergraph-source.ts';

export interface FileOptions {
  /** How long a file must stay as it is before it is read, so that half a file is not taken for a whole one. */
  readonly settleMs?: number;
  /** How often the file is looked at where the file system tells nothing of changes. */
  readonly pollMs?: number;
}

/** A supergraph in a file, read again whenever it changes: written in place, replaced by renaming, or behind a changed link. */
export function supergraphFile(path: string, { settleMs = 100, pollMs = 1_000 }: FileOptions = {}): SupergraphSource {
  return {
    open: async (listener) => {
      const supergraphSdl = await readFile(path, 'utf8').catch((error: unknown) => {
        throw new SettingsError(missing(path, error), { cause: error });
      });
      const look = createReader(path, supergraphSdl, listener);
      const end = watchFile(path, { settleMs, pollMs }, look);
      return {
        supergraphSdl,
        close: async () => {
          end();
          await look();
        },
      };
    },
  };
}

/** Reads the file when called and tells what is new in it; one reading at a time. */
function createReader(path: string, first: string, { changed, failed }: SourceListener): () => Promise<void> {
  let told: { readonly text?: string; readonly problem?: string } = { text: first };
  let reading = Promise.resolve();
  const read = async () => {
    try {
      const text = await readFile(path, 'utf8');
      if (text === told.text) return;
      told = { text };
      changed(text);
    } catch (error) {
      const problem = missing(path, error);
      if (problem === told.problem) return;
      told = { problem };
      failed(problem);
    }
  };
  return () => (reading = reading.then(read));
}

/** Notices changes by what the file system tells of the folder, and by looking at the file now and then. */
function watchFile(path: string, { settleMs, pollMs }: Required<FileOptions>, look: () => Promise<void>): () => void {
  let settling: NodeJS.Timeout | undefined;
  const settle = () => {
    clearTimeout(settling);
    settling = setTimeout(() => void look(), settleMs);
  };
  // The folder, because a file that is replaced takes its own watcher with it.
  const watcher = watchFolder(dirname(path), (name) => {
    if (name === null || name === basename(path)) settle();
  });
  let seen = '';
  const poll = setInterval(async () => {
    const now = await stampOf(path);
    if (now !== seen) settle();
    seen = now;
  }, pollMs);
  poll.unref();
  return () => {
    clearTimeout(settling);
    clearInterval(poll);
    watcher?.close();
  };
}

/** Nothing where folders cannot be watched: the polling is enough. */
function watchFolder(folder: string, notice: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => notice(name));
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

const stampOf = (path: string): Promise<string> =>
  stat(path).then(
    ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
    () => 'missing',
  );

const missing = (path: string, error: unknown): string =>
  `the supergraph ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})\nmend: put the file there, or name another one in SUPERGRAPH`;
