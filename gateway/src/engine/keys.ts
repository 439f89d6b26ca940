import { type DocumentNode, type FieldNode, type GraphQLField, Kind, print, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import type { Graph } from './graph.ts';

/** A document whose fields have keys of their own, and what clients call them. */
export interface KeyedDocument {
  readonly document: DocumentNode;
  /** The client's names by ours, where they differ. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * Gives fields with arguments or aliases a key of ours, before they are planned. The planner merges what clients ask
 * for with what it needs itself (keys, `@requires`) by name alone: an alias that is called like a key would choose
 * the entity that the next subgraph answers for, and a field would get the value of the same field with other
 * arguments. Fields that are called by their own name and take no arguments mean the same to both, and keep it.
 */
export function giveKeys(
  { schema, fieldNames, typeKey }: Pick<Graph, 'schema' | 'fieldNames' | 'typeKey'>,
  document: DocumentNode,
): KeyedDocument {
  const names = new Map<string, string>();
  const keys = new Map<string, string>();
  let numbers = 0;
  const newKey = (): string => {
    const key = `_k${numbers++}`;
    return fieldNames.has(key) ? newKey() : key;
  };
  /** Equal for fields that may be merged: the same name for the same field with the same arguments. */
  const keyFor = (responseKey: string, node: FieldNode): string => {
    const { arguments: given } = node;
    const meaning = print({ kind: Kind.FIELD, alias: nameNode(responseKey), name: node.name, ...(given ? { arguments: given } : {}) });
    const key = keys.get(meaning) ?? newKey();
    keys.set(meaning, key);
    names.set(key, responseKey);
    return key;
  };
  const types = new TypeInfo(schema);
  const keyed = visit(
    document,
    visitWithTypeInfo(types, {
      Field: (node) => {
        // Introspection is not planned.
        if (types.getParentType()?.name.startsWith('__')) return undefined;
        const responseKey = node.alias?.value ?? node.name.value;
        if (responseKey === typeKey) return undefined;
        const isOwnName = responseKey === node.name.value;
        if (
          node.name.value.startsWith('__')
            ? isOwnName || node.name.value !== '__typename'
            : isOwnName && !takesArguments(types.getFieldDef())
        )
          return undefined;
        return { ...node, alias: nameNode(keyFor(responseKey, node)) };
      },
    }),
  );
  return { document: keyed, names };
}

const nameNode = (value: string) => ({ kind: Kind.NAME, value }) as const;

const takesArguments = (field: GraphQLField<unknown, unknown> | null | undefined): boolean => (field?.args.length ?? 0) > 0;
