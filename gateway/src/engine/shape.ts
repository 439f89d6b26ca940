import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import type { Told } from './errors.ts';

/** What an answer holds at one object: its fields in the operation's order. */
export interface ObjectShape {
  readonly typeName: string;
  /** The interface or union itself, for objects that do not say which of its types they are. */
  readonly isAbstract: boolean;
  readonly fields: readonly FieldShape[];
}

export type FieldShape = ValueField | TypenameField | IntrospectionField | ClosedField | HoleField;

interface Named {
  /** The client's name for it. */
  readonly responseKey: string;
  /** The plan's name for it, under which the data has it. */
  readonly dataKey: string;
}

export interface ValueField extends Named {
  readonly kind: 'value';
  readonly value: ValueShape;
}
export interface TypenameField extends Named {
  readonly kind: 'typename';
}
/** `__schema` and `__type`. */
export interface IntrospectionField extends Named {
  readonly kind: 'introspection';
  readonly nodes: readonly FieldNode[];
}
/** A field that is not asked of anybody: null and an error stand in its place. */
export interface ClosedField extends Named {
  readonly kind: 'closed';
  readonly nonNull: boolean;
  /** Under which name it is known why. */
  readonly closedAs: string;
}
/** A field that no fetch of the plan asks for, see `holes.ts`: null and an error stand in its place. */
export interface HoleField extends Named {
  readonly kind: 'hole';
  readonly nonNull: boolean;
  /** What is said of it; the first time it is noted, too. */
  readonly tell: () => Told;
}

export type ValueShape = { readonly nonNull: boolean } & (
  | { readonly kind: 'list'; readonly item: ValueShape }
  | { readonly kind: 'leaf'; readonly type: GraphQLLeafType }
  | { readonly kind: 'object'; readonly shape: ObjectShape }
  | AbstractShape
);

/** An object of an interface or a union. */
export interface AbstractShape {
  readonly kind: 'abstract';
  readonly typeName: string;
  readonly byType: ReadonlyMap<string, ObjectShape>;
  /** What is shown of one that does not say its type; undefined where that depends on its type: then it is as if it were not there. */
  readonly unknown: ObjectShape | undefined;
}

/** How the operation that was planned, its conditions decided, is to be read. */
export interface ShapeOptions {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** The client's names by the plan's; names that both share are left out. */
  readonly names: ReadonlyMap<string, string>;
  /** The key of what is asked for but not shown. */
  readonly typeKey: string;
  /** Fields, by the plan's name, that are closed; with whether they may be null. */
  readonly closed: ReadonlyMap<string, { readonly responseKey: string; readonly nonNull: boolean }>;
}

/** The shape of the answer to some selections at a type. */
export function shapeOf(options: ShapeOptions, type: GraphQLCompositeType, sets: readonly SelectionSetNode[]): ObjectShape {
  return new Builder(options).object(type, sets);
}

/** Builds each shape once: the same selections at the same type are the same shape. */
class Builder {
  readonly #options: ShapeOptions;
  readonly #shapes = new Map<string, ObjectShape>();
  readonly #numbers = new Map<SelectionSetNode, number>();

  constructor(options: ShapeOptions) {
    this.#options = options;
  }

  object(type: GraphQLCompositeType, sets: readonly SelectionSetNode[]): ObjectShape {
    const key = `${type.name}:${sets.map((set) => this.#number(set)).join()}`;
    const known = this.#shapes.get(key);
    if (known) return known;
    const fields: FieldShape[] = [];
    for (const [responseKey, nodes] of this.#groups(type, sets)) fields.push(this.#field(type, responseKey, nodes));
    const shape = { typeName: type.name, isAbstract: isAbstractType(type), fields };
    this.#shapes.set(key, shape);
    return shape;
  }

  #number(set: SelectionSetNode): number {
    const known = this.#numbers.get(set) ?? this.#numbers.size;
    this.#numbers.set(set, known);
    return known;
  }

  /** Fields by the client's names, as `CollectFields` of the GraphQL specification has them. */
  #groups(type: GraphQLCompositeType, sets: readonly SelectionSetNode[]): Map<string, FieldNode[]> {
    const groups = new Map<string, FieldNode[]>();
    this.#collect(type, sets, groups);
    return groups;
  }

  #collect(type: GraphQLCompositeType, sets: readonly SelectionSetNode[], groups: Map<string, FieldNode[]>): void {
    const { names, closed, fragments, typeKey } = this.#options;
    for (const selection of sets.flatMap(({ selections }) => selections)) {
      if (selection.kind === Kind.FIELD) {
        const dataKey = selection.alias?.value ?? selection.name.value;
        if (dataKey === typeKey) continue;
        const key = names.get(dataKey) ?? dataKey;
        const responseKey = closed.get(key)?.responseKey ?? key;
        groups.set(responseKey, [...(groups.get(responseKey) ?? []), selection]);
        continue;
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      if (fragment && this.#applies(fragment.typeCondition?.name.value, type)) this.#collect(type, [fragment.selectionSet], groups);
    }
  }

  #applies(condition: string | undefined, type: GraphQLCompositeType): boolean {
    if (condition === undefined || condition === type.name) return true;
    const { schema } = this.#options;
    const wanted = schema.getType(condition);
    return isAbstractType(wanted) && (isObjectType(type) || isInterfaceType(type)) && schema.isSubType(wanted, type);
  }

  #field(parent: GraphQLCompositeType, responseKey: string, nodes: readonly FieldNode[]): FieldShape {
    const { names, closed } = this.#options;
    const [first] = nodes as [FieldNode];
    const dataKey = first.alias?.value ?? first.name.value;
    const named = { responseKey, dataKey };
    const closedAs = names.get(dataKey) ?? dataKey;
    const refused = closed.get(closedAs);
    if (refused) return { kind: 'closed', nonNull: refused.nonNull, closedAs, ...named };
    const name = first.name.value;
    if (name === '__typename') return { kind: 'typename', ...named };
    if (name.startsWith('__')) return { kind: 'introspection', nodes, ...named };
    const field = (parent as GraphQLObjectType).getFields()[name];
    if (!field) throw new Error(`the schema has no field ${parent.name}.${name}`);
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    return { kind: 'value', value: this.#value(field.type, sets), ...named };
  }

  #value(type: GraphQLOutputType, sets: readonly SelectionSetNode[]): ValueShape {
    if (isNonNullType(type)) return { ...this.#value(type.ofType, sets), nonNull: true };
    if (isListType(type)) return { nonNull: false, kind: 'list', item: this.#value(type.ofType, sets) };
    if (isLeafType(type)) return { nonNull: false, kind: 'leaf', type };
    if (isObjectType(type)) return { nonNull: false, kind: 'object', shape: this.object(type, sets) };
    const possible = this.#options.schema.getPossibleTypes(type);
    const byType = new Map(possible.map((one) => [one.name, this.object(one, sets)]));
    const unknown = this.#isSameForAll(type, possible, sets) ? this.object(type, sets) : undefined;
    return { nonNull: false, kind: 'abstract', typeName: type.name, byType, unknown };
  }

  /** Whether the same fields are selected of an object whatever its type is; what it is called is another field for each. */
  #isSameForAll(type: GraphQLCompositeType, possible: readonly GraphQLObjectType[], sets: readonly SelectionSetNode[]): boolean {
    const nodes = [...this.#groups(type, sets).values()].flat();
    if (nodes.some(({ name }) => name.value === '__typename')) return false;
    return possible.every((one) => {
      const others = [...this.#groups(one, sets).values()].flat();
      return others.length === nodes.length && others.every((node, index) => node === nodes[index]);
    });
  }
}
