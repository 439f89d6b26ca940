import { readFileSync } from 'node:fs';
import { SettingsError } from '@supergraph/platform/config';
import type { GraphQLError } from 'graphql';
import { z } from 'zod';
import type { Executor } from './executor.ts';
import { type Checked, isChecked, type Operations } from './operations.ts';

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

/** Gets ready for every registered operation, so that none fails its first client; throws a SettingsError that names those that do not fit. */
export function warmManifest({ operations: registered }: Manifest, operations: Operations, executor: Pick<Executor, 'warm'>): void {
  const problems: string[] = [];
  for (const { id, name, body } of registered) {
    const problem = warm(operations.check({ query: body, operationName: name }), executor);
    if (problem) problems.push(`  ${name} (${id}): ${problem}`);
  }
  if (problems.length === 0) return;
  const more = problems.length > problemsShown ? [`  and ${problems.length - problemsShown} more`] : [];
  throw new SettingsError(
    `PERSISTED_OPERATIONS holds operations that this graph cannot run:\n${[...problems.slice(0, problemsShown), ...more].join('\n')}\n` +
      'mend: mend these operations and write the manifest anew with `npm run persist`, or take them out of it',
  );
}

function warm(checked: Checked | readonly GraphQLError[], executor: Pick<Executor, 'warm'>): string | undefined {
  if (!isChecked(checked)) return checked[0]?.message;
  try {
    executor.warm(checked.document, checked.operationName);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
