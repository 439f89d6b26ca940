import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('./', import.meta.url));
const stamp = `${folder}node_modules/.installed`;

/** What must be installed, as one short text. */
const wanted = (): string =>
  ['package.json', 'package-lock.json']
    .reduce((hash, name) => hash.update(readFileSync(`${folder}${name}`)), createHash('sha256'))
    .digest('hex');

/**
 * Installs the peers beside the benchmark on first use and after a change of their versions. Without a registry the
 * benchmark goes on: the gateways that are missing say so in the results.
 */
export function installPeers(tell: (line: string) => void): void {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted()) return;
  tell('installing the peers into bench/node_modules (once, some 190 MB) …');
  const npm = process.env['npm_execpath'];
  const [program, options] = npm ? [process.execPath, [npm, 'install']] : ['npm', ['install']];
  const { status, error } = spawnSync(program, options, { cwd: folder, stdio: 'inherit' });
  if (status === 0) return writeFileSync(stamp, wanted());
  tell(
    `the peers could not be installed (${error?.message ?? `npm ended with ${status}`}); mend: npm install in bench/, and see what it says`,
  );
}
