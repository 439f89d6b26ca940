import { readFileSync } from 'node:fs';
import { SettingsError } from '@supergraph/platform/config';
import { z } from 'zod';
import type { Executor } from './executor.ts';
import { isChecked, type Operations } from './operations.ts';

/** Operations that were registered before the start. */
export interface Manifest {
  readonly byId: ReadonlyMap<string, string>;
  readonly texts: ReadonlySet<string>;
  readonly operations: readonly RegisteredOperation[];
}

export interface RegisteredOperation {
  readonly id: string;
  readonly name: string;
  readonly body: string;
}

export const emptyManifest: Manifest = { byId: new Map(), texts: new Set(), operations: [] };

const shape = z.object({
  format: z.literal('apollo-persisted-query-manifest', 'must be "apollo-persisted-query-manifest"'),
  version: z.literal(1, 'must be 1'),
  operations: z
    .array(
      z.object({
        id: z.string().min(1).max(200),
        name: z.string().min(1),
        type: z.enum(['query', 'mutation', 'subscription']),
        body: z.string().min(1),
      }),
    )
    .max(100_000),
});

const mend = 'mend: write it anew with `npm run persist`, or name another file';

/** Reads a manifest in Apollo's format; throws a SettingsError that says what is wrong with it. */
export function readManifest(path: string): Manifest {
  const read = shape.safeParse(parse(path));
  if (!read.success) {
    const issues = read.error.issues.slice(0, 5).map((issue) => `  ${issue.path.join('.')} ${issue.message}`);
    throw new SettingsError(
      `PERSISTED_OPERATIONS names ${path}, which is no manifest of persisted operations:\n${issues.join('\n')}\n${mend}`,
    );
  }
  const { operations } = read.data;
  const byId = new Map(operations.map(({ id, body }) => [id, body]));
  if (byId.size < operations.length)
    throw new SettingsError(`PERSISTED_OPERATIONS names ${path}, where an id stands more than once\n${mend}`);
  return { byId, texts: new Set(byId.values()), operations };
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new SettingsError(`PERSISTED_OPERATIONS names ${path}, which cannot be read: ${(error as Error).message}\n${mend}`, {
      cause: error,
    });
  }
}

const problemsShown = 10;

/**
 * Gets executors ready for every registered operation, so that none fails its first client; operations are those of the
 * contracts. Throws a SettingsError that names what no contract can run.
 */
export function warmManifest({ operations: registered }: Manifest, contracts: readonly Operations[]): void {
  const problems: string[] = [];
  for (const operation of registered) {
    const found = contracts.map((operations) => warmOperation(operation, operations));
    if (found.every((problem) => problem !== undefined)) problems.push(`  ${operation.name} (${operation.id}): ${found[0]}`);
  }
  if (problems.length === 0) return;
  const more = problems.length > problemsShown ? [`  and ${problems.length - problemsShown} more`] : [];
  throw new SettingsError(
    `PERSISTED_OPERATIONS holds operations that this graph cannot run:\n${[...problems.slice(0, problemsShown), ...more].join('\n')}\n` +
      'mend: mend these operations and write the manifest anew with `npm run persist`, or take them out of it',
  );
}

/** Checks and plans one registered operation, for the current executor or the given one; the result says why that fails. */
export function warmOperation({ name, body }: RegisteredOperation, operations: Operations, executor?: Executor): string | undefined {
  const checked = operations.check({ query: body, operationName: name }, executor);
  if (!isChecked(checked)) return checked[0]?.message;
  try {
    checked.executor.warm(checked.document, checked.operationName);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
