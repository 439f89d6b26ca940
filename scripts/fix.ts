import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repository } from './domains.ts';

/** In this order: lint mends can change the format, and composing reads what is formatted. */
const steps = [
  ['generated types', 'scripts/generate.ts'],
  ['lint', 'node_modules/oxlint/bin/oxlint', '--fix'],
  ['format', 'node_modules/oxfmt/bin/oxfmt', '--write', '.'],
  ['composed schema', 'scripts/schema.ts'],
] as const;

const failed = steps.filter(([name, script, ...options]) => {
  console.log(name);
  return spawnSync(process.execPath, [join(repository, script), ...options], { cwd: repository, stdio: 'inherit' }).status !== 0;
});
if (failed.length) {
  console.error(`left to mend by hand: ${failed.map(([name]) => name).join(', ')}\nmend: see above; npm run check lists the rest`);
  process.exitCode = 1;
}
