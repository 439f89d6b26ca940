import { type DocumentNode, type FieldNode, Kind, print, visit } from 'graphql';
import type { Answered } from './arena.ts';

/** A document in which nothing that a client names can meet what a plan names, and the way back. */
export interface Renamed {
  readonly document: DocumentNode;
  /** The answer under the client's names. */
  restore(answer: Answered): Answered;
}

/** Gives every field that has an alias or arguments a response key that occurs nowhere else. */
export function renameKeys(document: DocumentNode): Renamed {
  const keys = new Map<string, string>();
  const names = new Map<string, string>();
  const keyOf = (node: FieldNode): string => {
    const signature = print({ ...node, selectionSet: undefined, directives: [] });
    const key = keys.get(signature) ?? `renamed${keys.size}`;
    keys.set(signature, key);
    names.set(key, node.alias?.value ?? node.name.value);
    return key;
  };
  const renamed = visit(document, {
    Field: (node) => {
      if (!node.alias && !node.arguments?.length) return undefined;
      return { ...node, alias: { kind: Kind.NAME, value: keyOf(node) } };
    },
  });
  const nameOf = (key: string): string => names.get(key) ?? key;
  const restoreValue = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(restoreValue);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [nameOf(key), restoreValue(item)]));
  };
  return {
    document: renamed,
    restore: ({ data, errors }) => ({
      data: restoreValue(data) as Answered['data'],
      errors: errors.map(({ path, ...error }) => ({
        ...error,
        ...(path ? { path: path.map((step) => (typeof step === 'string' ? nameOf(step) : step)) } : {}),
      })),
    }),
  };
}
