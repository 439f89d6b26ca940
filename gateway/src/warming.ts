import { setImmediate as turn } from 'node:timers/promises';
import type { Log } from '@supergraph/platform/log';
import { type DocumentNode, Kind } from 'graphql';
import type { Executor } from './executor.ts';

/** Plans all operations of documents before somebody asks for them; requests go on meanwhile. */
export async function warm(executor: Executor, documents: readonly DocumentNode[], log: Log): Promise<void> {
  for (const document of documents)
    for (const definition of document.definitions) {
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
      await turn();
      try {
        executor.warm(document, definition.name?.value);
      } catch (error) {
        log.debug({ error }, 'an operation could not be planned before it was asked for');
      }
    }
}
