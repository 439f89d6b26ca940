import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RuntimeSettings, Settings } from './config.ts';

/** Settings with an internal key: the given one, or one made once and kept in the data directory (mode 0600). */
export function withInternalKey(settings: Settings): RuntimeSettings {
  return { ...settings, internalKey: settings.internalKey ?? keptKey(settings.dataDirectory) };
}

function keptKey(dataDirectory: string): string {
  const file = join(dataDirectory, 'internal.key');
  mkdirSync(dataDirectory, { recursive: true });
  try {
    // `wx` lets exactly one of two programs that start together write it.
    writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8');
}
