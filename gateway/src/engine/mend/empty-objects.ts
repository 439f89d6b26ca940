import {
  type DocumentNode,
  type FragmentDefinitionNode,
  getNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { typeUnder } from '../conditions.ts';

/**
 * Asks objects for their type, under `typeKey`, where nothing may be selected of some: with conditions that do not hold
 * for each of the possible types. The planner drops the field that leads to such an object, of each type of which it
 * believes that nothing can be left, and whether there is one would not be known: `{}` stands for one that is there.
 */
export function askEmptyObjects(schema: GraphQLSchema, typeKey: string, document: DocumentNode): DocumentNode {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const applies = (condition: string | undefined, type: GraphQLObjectType): boolean => {
    const wanted = condition === undefined ? type : schema.getType(condition);
    return wanted === type || (isAbstractType(wanted) && schema.isSubType(wanted, type));
  };
  const selects = ({ selections }: SelectionSetNode, type: GraphQLObjectType): boolean =>
    selections.some((one) => {
      if (one.kind === Kind.FIELD) return true;
      const fragment = one.kind === Kind.FRAGMENT_SPREAD ? fragments.get(one.name.value) : one;
      return fragment !== undefined && applies(fragment.typeCondition?.name.value, type) && selects(fragment.selectionSet, type);
    });
  const types = new TypeInfo(schema);
  return visit(
    document,
    visitWithTypeInfo(types, {
      Field: {
        leave: (node) => {
          const { selectionSet } = node;
          const type = getNamedType(types.getType());
          if (!selectionSet || !isCompositeType(type)) return undefined;
          const possible = isObjectType(type) ? [type] : schema.getPossibleTypes(type);
          if (possible.every((one) => selects(selectionSet, one))) return undefined;
          return { ...node, selectionSet: { ...selectionSet, selections: [typeUnder(typeKey), ...selectionSet.selections] } };
        },
      },
    }),
  );
}
