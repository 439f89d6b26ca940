import { type GraphQLSchema, isAbstractType, isInterfaceType, isObjectType } from 'graphql';
import type { Tree } from './tree.ts';

/** Tells of objects in answers whether a type condition holds for them. */
export interface Kinds {
  /** The names of all types that a condition holds for: the type itself and, for an abstract one, what it stands for. */
  of(condition: string): ReadonlySet<unknown>;
  /** Whether a name is that of an object type, which says all that can be said of what an object is. */
  isExact(typeName: unknown): boolean;
  /** Whether the condition holds for an object; one that does not say its type is `unknown`. */
  holds(object: Tree, condition: string, unknown: boolean): boolean;
}

/** Reads the type conditions of a supergraph, in which interfaces stand that are objects in some subgraphs. */
export function createKinds(schema: GraphQLSchema): Kinds {
  const known = new Map<string, ReadonlySet<unknown>>();
  const of = (condition: string): ReadonlySet<unknown> => {
    const found = known.get(condition);
    if (found) return found;
    const type = schema.getType(condition);
    const below =
      type && isAbstractType(type)
        ? Object.values(schema.getTypeMap()).filter(
            (other) => (isObjectType(other) || isInterfaceType(other)) && schema.isSubType(type, other),
          )
        : [];
    const names = new Set<unknown>([condition, ...below.map(({ name }) => name)]);
    known.set(condition, names);
    return names;
  };
  return {
    of,
    isExact: (typeName) => typeof typeName === 'string' && isObjectType(schema.getType(typeName)),
    holds: (object, condition, unknown) => {
      const name = object['__typename'];
      return name ? of(condition).has(name) : unknown;
    },
  };
}
