import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What V8's own `gc` function takes. */
interface Collection {
  readonly type: 'major';
  readonly execution: 'async';
  readonly flavor: 'last-resort';
}

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
  const collect = runInNewContext('gc') as (options: Collection) => Promise<void>;
  // As thorough as before giving up for want of memory: it alone gives back the room for young objects, too.
  await collect({ type: 'major', execution: 'async', flavor: 'last-resort' });
}
