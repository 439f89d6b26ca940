import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import { unavailable, unavailableAnswer } from './errors.ts';
import { isTree } from './tree.ts';

type Errors = NonNullable<SubgraphAnswer['errors']>;

/** What can be read of a subgraph's answer; what is none is as if it could not be asked. */
export function readable(answer: unknown): SubgraphAnswer {
  if (!isTree(answer)) return unavailableAnswer();
  const { data, errors, text } = answer as { readonly data?: unknown; readonly errors?: unknown; readonly text?: string };
  const told = readErrors(errors);
  if (data === undefined || data === null || isTree(data)) return { data: data, ...(told ? { errors: told } : {}), text };
  return { data: null, errors: told ?? [unavailable()] };
}

function readErrors(errors: unknown): Errors | undefined {
  if (!Array.isArray(errors)) return undefined;
  // Whatever it is, something went wrong.
  const read = errors.map((error: unknown) => {
    const { message, path, extensions } = isTree(error) ? error : {};
    return {
      message: typeof message === 'string' ? message : '',
      ...(isPath(path) ? { path } : {}),
      ...(isTree(extensions) ? { extensions } : {}),
    };
  });
  return read.length > 0 ? read : undefined;
}

const isPath = (path: unknown): path is (string | number)[] =>
  Array.isArray(path) && path.every((step) => typeof step === 'string' || typeof step === 'number');
