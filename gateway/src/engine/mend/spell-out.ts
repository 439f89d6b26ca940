import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  getNamedType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type GraphQLObjectType,
  isAbstractType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { typeUnder } from '../conditions.ts';

/** The interfaces of a supergraph that some subgraph knows as an object (`@interfaceObject`). */
export function interfaceObjectsOf(supergraph: DocumentNode): ReadonlySet<string> {
  const isObject = ({ name, arguments: given = [] }: ConstDirectiveNode) =>
    name.value === 'join__type' &&
    given.some((one) => one.name.value === 'isInterfaceObject' && one.value.kind === Kind.BOOLEAN && one.value.value);
  return new Set(
    supergraph.definitions.flatMap((one) =>
      one.kind === Kind.INTERFACE_TYPE_DEFINITION && one.directives?.some(isObject) ? [one.name.value] : [],
    ),
  );
}

/**
 * Writes conditions on interfaces and unions out as conditions on their objects, inside interfaces that a subgraph
 * knows as an object. Such a subgraph knows no other interface, and the planner gives up where it should ask another.
 */
export function spellOutConditions(
  schema: GraphQLSchema,
  interfaceObjects: ReadonlySet<string>,
  typeKey: string,
  document: DocumentNode,
): DocumentNode {
  if (interfaceObjects.size === 0) return document;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const types = new TypeInfo(schema);
  /** Of an object it is known which conditions hold. */
  const ofObject = (node: SelectionSetNode, parent: GraphQLObjectType): SelectionSetNode => {
    const selections = node.selections.flatMap((selection): readonly SelectionNode[] => {
      const fragment = asInline(selection, fragments);
      const condition = fragment && schema.getType(fragment.typeCondition?.name.value ?? parent.name);
      if (!fragment || condition === parent) return [selection];
      if (!isAbstractType(condition)) return [];
      return schema.isSubType(condition, parent) ? [{ ...fragment, typeCondition: namedType(parent.name) }] : [];
    });
    return { ...node, selections: selections.length > 0 ? selections : [typeUnder(typeKey)] };
  };
  return visit(
    document,
    visitWithTypeInfo(types, {
      SelectionSet: (node) => {
        const parent = getNamedType(types.getParentType());
        if (isObjectType(parent)) return ofObject(node, parent);
        if (!isAbstractType(parent) || !interfaceObjects.has(parent.name)) return undefined;
        const possible = new Set(schema.getPossibleTypes(parent));
        const spellOut = (selection: SelectionNode): readonly SelectionNode[] => {
          const fragment = asInline(selection, fragments);
          const condition = fragment && schema.getType(fragment.typeCondition?.name.value ?? parent.name);
          if (!fragment || !isAbstractType(condition) || condition === parent) return [selection];
          const fitting = schema.getPossibleTypes(condition).filter((type) => possible.has(type));
          return fitting.map(({ name }) => ({ ...fragment, typeCondition: namedType(name) }));
        };
        const selections = node.selections.flatMap(spellOut);
        return selections.every((selection, index) => selection === node.selections[index]) ? undefined : { ...node, selections };
      },
    }),
  );
}

function asInline(selection: SelectionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): InlineFragmentNode | undefined {
  if (selection.kind === Kind.INLINE_FRAGMENT) return selection;
  const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : undefined;
  if (!fragment) return undefined;
  const { typeCondition, selectionSet } = fragment;
  return { kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet, ...(selection.directives ? { directives: selection.directives } : {}) };
}

const namedType = (value: string) => ({ kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value } }) as const;
