import {
  type DefinitionNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  stripIgnoredCharacters,
  visit,
} from 'graphql';

/** The document of a fetch of entities, of which some fields can be taken alone. */
export interface EntityDocument {
  /** Every field that is asked of entities themselves, and of which type it is asked. */
  readonly fields: readonly { readonly node: FieldNode; readonly typeName: string }[];
  /** The text that asks for some of these fields only, and the variables that it uses. */
  only(fields: ReadonlySet<FieldNode>): { readonly text: string; readonly variables: ReadonlySet<string> };
}

/** Reads the document of a fetch of entities. */
export function readEntityDocument(text: string): EntityDocument {
  const fragments = new Map<string, FragmentDefinitionNode>();
  let operation: OperationDefinitionNode | undefined;
  for (const one of parse(text, { noLocation: true }).definitions) {
    if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
    if (one.kind === Kind.OPERATION_DEFINITION) operation = one;
  }
  const [entities] = operation?.selectionSet.selections ?? [];
  if (!operation || entities?.kind !== Kind.FIELD || !entities.selectionSet) throw new Error('the planner asks for no entities');
  const whole = operation;
  const set = withoutSpreads(entities.selectionSet, fragments);
  return {
    fields: fieldsOf(set, '_Entity'),
    only: (fields) => {
      const selectionSet = { ...whole.selectionSet, selections: [{ ...entities, selectionSet: keep(set, fields) }] };
      const used = usedBy({ ...whole, selectionSet, variableDefinitions: [] }, fragments);
      const variableDefinitions = (whole.variableDefinitions ?? []).filter(({ variable }) => used.variables.has(variable.name.value));
      const definitions = [{ ...whole, selectionSet, variableDefinitions }, ...used.fragments];
      return { text: stripIgnoredCharacters(print({ kind: Kind.DOCUMENT, definitions })), variables: used.variables };
    },
  };
}

/** The same with the named fragments of the entities themselves written out, so that they can be taken apart. */
function withoutSpreads(set: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): SelectionSetNode {
  const selections = set.selections.flatMap((node): SelectionNode[] => {
    if (node.kind === Kind.FIELD) return [node];
    if (node.kind === Kind.INLINE_FRAGMENT) return [{ ...node, selectionSet: withoutSpreads(node.selectionSet, fragments) }];
    const { typeCondition, selectionSet } = fragments.get(node.name.value) ?? {};
    if (!typeCondition || !selectionSet) return [];
    const { directives = [] } = node;
    return [{ kind: Kind.INLINE_FRAGMENT, typeCondition, directives, selectionSet: withoutSpreads(selectionSet, fragments) } as const];
  });
  return { ...set, selections };
}

const fieldsOf = ({ selections }: SelectionSetNode, typeName: string): { node: FieldNode; typeName: string }[] =>
  selections.flatMap((node) => {
    if (node.kind === Kind.FIELD) return [{ node, typeName }];
    return node.kind === Kind.INLINE_FRAGMENT ? fieldsOf(node.selectionSet, node.typeCondition?.name.value ?? typeName) : [];
  });

function keep(set: SelectionSetNode, fields: ReadonlySet<FieldNode>): SelectionSetNode {
  const selections = set.selections.flatMap((node): SelectionNode[] => {
    if (node.kind === Kind.FIELD) return fields.has(node) ? [node] : [];
    if (node.kind !== Kind.INLINE_FRAGMENT) return [];
    const selectionSet = keep(node.selectionSet, fields);
    return selectionSet.selections.length > 0 ? [{ ...node, selectionSet }] : [];
  });
  return { ...set, selections };
}

/** The variables and the fragments that an operation uses, directly or through fragments. */
function usedBy(operation: OperationDefinitionNode, all: ReadonlyMap<string, FragmentDefinitionNode>) {
  const variables = new Set<string>();
  const fragments = new Set<FragmentDefinitionNode>();
  const look = (definition: DefinitionNode): void => {
    visit(definition, {
      Variable: ({ name }) => void variables.add(name.value),
      FragmentSpread: ({ name }) => {
        const fragment = all.get(name.value);
        if (!fragment || fragments.has(fragment)) return;
        fragments.add(fragment);
        look(fragment);
      },
    });
  };
  look(operation);
  return { variables, fragments };
}
