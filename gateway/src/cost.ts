import {
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  Kind,
  OperationTypeNode,
  valueFromASTUntyped,
} from 'graphql';
import type { FieldFacts, SupergraphFacts } from './supergraph-facts.ts';

/** What the cost of an operation is computed from. */
export interface CostInput {
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
}

const defaultPage = 20;
/** A list that says nothing about its length. */
const assumedList = 10;
const mutationCost = 10;
const rootTypes = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const;

/**
 * An upper estimate of the work an operation asks for: objects count one and leaves nothing unless `@cost` says
 * otherwise, and lists multiply what stands below them by their page size.
 */
export function costOf(facts: SupergraphFacts, { operation, fragments, variables }: CostInput): number {
  const weightOf = (field: FieldFacts): number =>
    field.cost ?? facts.types.get(field.typeName)?.cost ?? (facts.types.get(field.typeName)?.fields.size ? 1 : 0);

  const selectionCost = ({ selections }: SelectionSetNode, parent: string, sized: ReadonlyMap<string, number>): number => {
    let sum = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) sum += fieldCost(selection, parent, sized);
      else {
        const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
        if (fragment) sum += selectionCost(fragment.selectionSet, fragment.typeCondition?.name.value ?? parent, sized);
      }
    }
    return sum;
  };

  const fieldCost = (node: FieldNode, parent: string, sized: ReadonlyMap<string, number>): number => {
    const field = facts.types.get(parent)?.fields.get(node.name.value);
    if (!field) return 0;
    const page = pageOf(node, field, variables);
    const ownList = field.isList ? (sized.get(node.name.value) ?? page ?? field.listSize?.assumedSize ?? assumedList) : 1;
    const below = page === undefined || field.isList ? new Map<string, number>() : new Map(sizedFields(field).map((name) => [name, page]));
    const inner = node.selectionSet ? selectionCost(node.selectionSet, field.typeName, below) : 0;
    return ownList * (weightOf(field) + inner);
  };

  const root = rootTypes[operation.operation];
  const base = operation.operation === OperationTypeNode.MUTATION ? mutationCost * operation.selectionSet.selections.length : 0;
  return base + selectionCost(operation.selectionSet, root, new Map());
}

const sizedFields = ({ listSize }: FieldFacts): readonly string[] =>
  listSize?.sizedFields.length ? listSize.sizedFields : ['edges', 'nodes'];

/** The page size that a field is asked for, or undefined where it has none. */
function pageOf(node: FieldNode, field: FieldFacts, variables: CostInput['variables']): number | undefined {
  const names = field.listSize?.slicingArguments.length ? field.listSize.slicingArguments : ['first', 'last'];
  const asked = names.map((name) => argumentOf(node, name, variables)).filter((value) => typeof value === 'number');
  if (asked.length > 0) return Math.max(0, ...asked);
  if (field.listSize?.assumedSize !== undefined) return field.listSize.assumedSize;
  const given = names.map((name) => field.defaults.get(name)).find((value) => typeof value === 'number');
  if (typeof given === 'number') return given;
  return field.typeName.endsWith('Connection') ? defaultPage : undefined;
}

function argumentOf(node: FieldNode, name: string, variables: CostInput['variables']): unknown {
  const argument = node.arguments?.find((candidate) => candidate.name.value === name);
  return argument && valueFromASTUntyped(argument.value, { ...variables });
}
