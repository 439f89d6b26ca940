import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { costOf } from './cost.ts';
import type { SupergraphFacts } from './supergraph-facts.ts';

/** What a client's operation may ask for; one list for HTTP, WebSocket and event streams. */
export interface Limits {
  readonly bodyBytes: number;
  readonly tokens: number;
  readonly selections: number;
  readonly errors: number;
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly directives: number;
  /** Lists and objects inside each other in the values of variables. */
  readonly valueDepth: number;
  readonly cost: number;
}

/** The limits of rule Q1. */
export const defaultLimits: Limits = {
  bodyBytes: 65_536,
  tokens: 2_000,
  selections: 1_000,
  errors: 5,
  depth: 15,
  aliases: 30,
  rootFields: 20,
  directives: 10,
  valueDepth: 50,
  cost: 5_000,
};

/** What an operation is refused for. */
type Limited = Measured | 'valueDepth' | 'cost';
type Measured = 'selections' | 'depth' | 'aliases' | 'rootFields' | 'directives';
type Measure = { -readonly [Key in Measured]: number };

const mends: Readonly<Record<Limited, { readonly what: string; readonly mend: string }>> = {
  selections: { what: 'fields, fragments counted wherever they are used', mend: 'ask for less, or in several operations' },
  depth: { what: 'levels', mend: 'ask for the inner part by id in an operation of its own' },
  aliases: { what: 'aliases', mend: 'send several operations' },
  rootFields: { what: 'root fields', mend: 'send several operations' },
  directives: { what: 'directives', mend: 'send several operations in place of one with many conditions' },
  valueDepth: { what: 'lists and objects inside each other in a variable', mend: 'send flatter values' },
  cost: { what: 'points of cost', mend: 'ask for smaller pages (first) or fewer lists inside lists' },
};

const reasons: Readonly<Record<Limited, string>> = {
  selections: 'SELECTION_LIMIT',
  depth: 'DEPTH_LIMIT',
  aliases: 'ALIAS_LIMIT',
  rootFields: 'ROOT_FIELD_LIMIT',
  directives: 'DIRECTIVE_LIMIT',
  valueDepth: 'VARIABLE_DEPTH_LIMIT',
  cost: 'COST_LIMIT',
};

function tooMuch(name: Limited, limit: number, found: number): GraphQLError {
  const { what, mend } = mends[name];
  return new GraphQLError(`an operation may have ${limit} ${what}, this one has ${found}; ${mend}`, {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', reason: reasons[name], limit, found },
  });
}

/** The first limit that one of a document's operations exceeds. Runs before validation, whose own cost it bounds. */
export function limitError(document: DocumentNode, limits: Limits, freeIntrospection: boolean): GraphQLError | undefined {
  const fragments = fragmentsOf(document);
  const measured = new Map<string, Measure>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const measure = measureSet(definition.selectionSet, fragments, measured, limits, freeIntrospection);
    measure.directives += definition.directives?.length ?? 0;
    for (const name of ['selections', 'depth', 'aliases', 'rootFields', 'directives'] as const)
      if (measure[name] > limits[name]) return tooMuch(name, limits[name], measure[name]);
  }
  // Fragments that nothing uses cost nothing to run but something to check.
  for (const fragment of fragments.values()) {
    const { selections } = measureSet(fragment.selectionSet, fragments, measured, limits, freeIntrospection);
    if (selections > limits.selections) return tooMuch('selections', limits.selections, selections);
  }
  return undefined;
}

/** Counts a selection set as if its fragments were written out; each fragment is counted once and remembered. */
function measureSet(
  set: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  measured: Map<string, Measure>,
  limits: Limits,
  freeIntrospection: boolean,
): Measure {
  const sum: Measure = { selections: 0, depth: 0, aliases: 0, rootFields: 0, directives: 0 };
  for (const selection of set.selections) {
    sum.selections += 1;
    sum.directives += selection.directives?.length ?? 0;
    if (selection.kind === Kind.FIELD) {
      sum.rootFields += 1;
      if (selection.alias) sum.aliases += 1;
      const free = freeIntrospection && selection.name.value.startsWith('__');
      const inner =
        selection.selectionSet && !free ? measureSet(selection.selectionSet, fragments, measured, limits, freeIntrospection) : undefined;
      add(sum, inner);
      sum.depth = Math.max(sum.depth, 1 + (inner?.depth ?? 0));
      continue;
    }
    const inner =
      selection.kind === Kind.INLINE_FRAGMENT
        ? measureSet(selection.selectionSet, fragments, measured, limits, freeIntrospection)
        : measureFragment(selection.name.value, fragments, measured, limits, freeIntrospection);
    add(sum, inner);
    sum.rootFields += inner.rootFields;
    sum.depth = Math.max(sum.depth, inner.depth);
  }
  return sum;
}

function measureFragment(
  name: string,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  measured: Map<string, Measure>,
  limits: Limits,
  freeIntrospection: boolean,
): Measure {
  const known = measured.get(name);
  if (known) return known;
  // Stands for the fragment while it is being measured, so that one that contains itself comes to an end.
  measured.set(name, { selections: 0, depth: 0, aliases: 0, rootFields: 0, directives: 0 });
  const fragment = fragments.get(name);
  const measure = fragment
    ? measureSet(fragment.selectionSet, fragments, measured, limits, freeIntrospection)
    : { selections: 0, depth: 0, aliases: 0, rootFields: 0, directives: 0 };
  measured.set(name, measure);
  return measure;
}

function add(sum: Measure, inner: Measure | undefined): void {
  if (!inner) return;
  sum.selections += inner.selections;
  sum.aliases += inner.aliases;
  sum.directives += inner.directives;
}

/** The error of variables that are nested too deep: whatever walks through them later may do so by calling itself. */
export function valueError(variables: Readonly<Record<string, unknown>> | undefined, { valueDepth }: Limits): GraphQLError | undefined {
  const waiting: { readonly value: object; readonly depth: number }[] = [];
  const note = (value: unknown, depth: number) => {
    if (typeof value === 'object' && value !== null) waiting.push({ value, depth });
  };
  for (const value of Object.values(variables ?? {})) note(value, 1);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (next.depth > valueDepth) return tooMuch('valueDepth', valueDepth, next.depth);
    for (const inner of Object.values(next.value)) note(inner, next.depth + 1);
  }
  return undefined;
}

/** What operations without variables cost in a graph: always the same. */
const fixedCosts = new WeakMap<SupergraphFacts, WeakMap<OperationDefinitionNode, number>>();

/** An upper estimate of an operation's work with these variables. */
export function costOfOperation(
  facts: SupergraphFacts,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>> | undefined,
): number {
  if (operation.variableDefinitions?.length) return estimate(facts, document, operation, variables);
  const costs = fixedCosts.get(facts) ?? new WeakMap<OperationDefinitionNode, number>();
  fixedCosts.set(facts, costs);
  const cost = costs.get(operation) ?? estimate(facts, document, operation, undefined);
  costs.set(operation, cost);
  return cost;
}

function estimate(
  facts: SupergraphFacts,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>> | undefined,
): number {
  const defaults = Object.fromEntries(
    (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
      defaultValue && 'value' in defaultValue ? [[variable.name.value, Number(defaultValue.value)]] : [],
    ),
  );
  const given = Object.fromEntries(Object.entries(variables ?? {}).filter(([, value]) => value !== undefined));
  return costOf(facts, { operation, fragments: fragmentsOf(document), variables: { ...defaults, ...given } });
}

/** The error of an operation that costs too much. */
export const costError = (cost: number, limits: Limits): GraphQLError => tooMuch('cost', limits.cost, cost);

function fragmentsOf(document: DocumentNode): Map<string, FragmentDefinitionNode> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  return fragments;
}
