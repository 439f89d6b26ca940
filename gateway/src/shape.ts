import {
  type DocumentNode,
  type FragmentDefinitionNode,
  getOperationAST,
  type GraphQLCompositeType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';

/** What an answer may hold at one place, whatever type is there: GraphQL allows no two shapes under one name. */
export type Shape = Map<string, { readonly type: GraphQLOutputType; readonly children: Shape }>;

/** The shape of an operation's answer. */
export function shapeOf(schema: GraphQLSchema, document: DocumentNode, operationName: string | undefined): Shape {
  const operation = getOperationAST(document, operationName);
  const shape: Shape = new Map();
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return shape;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  collect(schema, fragments, operation.selectionSet, root, shape);
  return shape;
}

function collect(
  schema: GraphQLSchema,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  { selections }: SelectionSetNode,
  parent: GraphQLCompositeType,
  shape: Shape,
): void {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      if (selection.name.value.startsWith('__') || !(isObjectType(parent) || isInterfaceType(parent))) continue;
      const field = parent.getFields()[selection.name.value];
      if (!field) continue;
      const key = selection.alias?.value ?? selection.name.value;
      const entry = shape.get(key) ?? { type: field.type, children: new Map() as Shape };
      shape.set(key, entry);
      const inner = getNamedType(field.type);
      if (selection.selectionSet && isCompositeType(inner)) collect(schema, fragments, selection.selectionSet, inner, entry.children);
      continue;
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
    const typeName = fragment?.typeCondition?.name.value;
    const type = typeName ? schema.getType(typeName) : parent;
    if (fragment && isCompositeType(type)) collect(schema, fragments, fragment.selectionSet, type, shape);
  }
}
