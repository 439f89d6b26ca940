import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Beside the packages, where nobody writes who could not change the program itself. */
const directory = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));

/** Lets the next start take over what this one compiles, from here on; where nothing can be written, it compiles again. */
export const rememberCompiled = (): void => void enableCompileCache(directory);

/**
 * To be called once the program serves: keeps what was compiled, whatever end it meets, and gives back the memory that
 * starting took, which Node would hold on to until it needs the room.
 */
export async function settleDown(): Promise<void> {
  flushCompileCache();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { type: 'major'; execution: 'async' }) => Promise<void>;
  // No more than that: a last resort also shrinks the room for young objects, and costs a third of the rate under load.
  await collect({ type: 'major', execution: 'async' });
}
