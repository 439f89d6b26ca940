import {
  type DirectiveNode,
  type DocumentNode,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
  visit,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;
type ValueOf = (variable: string) => boolean;

/** The variables that decide what of a document is asked for. */
export interface Conditions {
  /** One text for each combination of values. */
  keyOf(variables: Variables): string;
  valueOf(variables: Variables): ValueOf;
}

const conditional = new Set(['skip', 'include', 'defer']);
const read = new WeakMap<DocumentNode, Map<string, Conditions>>();

/** What an operation's `@skip`, `@include` and `@defer` depend on; remembered with the document. */
export function conditionsOf(document: DocumentNode, operationName: string | undefined): Conditions {
  const known = read.get(document) ?? new Map<string, Conditions>();
  read.set(document, known);
  const name = operationName ?? '';
  const found = known.get(name) ?? readConditions(document, getOperationAST(document, operationName));
  known.set(name, found);
  return found;
}

function readConditions(document: DocumentNode, operation: OperationDefinitionNode | null | undefined): Conditions {
  const names = new Set<string>();
  visit(document, {
    Directive: (node) => {
      const value = conditional.has(node.name.value) ? ifOf(node) : undefined;
      if (value?.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  const defaults = new Map(
    (operation?.variableDefinitions ?? []).map(({ variable, defaultValue }) => [
      variable.name.value,
      defaultValue ? valueFromASTUntyped(defaultValue) : undefined,
    ]),
  );
  const valueOf = (variables: Variables) => (name: string) => {
    const given = Object.hasOwn(variables, name) ? variables[name] : undefined;
    return (given === undefined ? defaults.get(name) : given) === true;
  };
  const ordered = [...names];
  return { valueOf, keyOf: (variables) => ordered.map((name) => (valueOf(variables)(name) ? '1' : '0')).join('') };
}

/**
 * Decides a document's conditions, before it is planned: the planner would lose a field that depends on a condition
 * inside another one, or fetch one that is skipped. An object of which nothing is left is asked for its type, under
 * `typeKey`, so that it is known whether it is there.
 */
export function decide(document: DocumentNode, valueOf: ValueOf, typeKey: string): DocumentNode {
  return visit(document, {
    Directive: (node) => (node.name.value === 'defer' ? withoutIf(node, valueOf) : conditional.has(node.name.value) ? null : undefined),
    SelectionSet: {
      enter: (node) => {
        const selections = node.selections.filter((selection) => isIncluded(selection, valueOf));
        return selections.length === node.selections.length ? undefined : { ...node, selections };
      },
      leave: (node) => (node.selections.length === 0 ? { ...node, selections: [typeUnder(typeKey)] } : undefined),
    },
  });
}

/** Leaves out what is deferred only if, and is not. */
function withoutIf(node: DirectiveNode, valueOf: ValueOf): DirectiveNode | null {
  if (!holds(node, valueOf, true)) return null;
  const rest = node.arguments?.filter(({ name }) => name.value !== 'if') ?? [];
  return { ...node, arguments: rest };
}

/** `__typename` under a key that is not shown. */
export const typeUnder = (key: string): SelectionSetNode['selections'][number] => ({
  kind: Kind.FIELD,
  alias: { kind: Kind.NAME, value: key },
  name: { kind: Kind.NAME, value: '__typename' },
});

const isIncluded = ({ directives = [] }: SelectionNode, valueOf: ValueOf): boolean =>
  directives.every((directive) => {
    if (directive.name.value === 'skip') return !holds(directive, valueOf, false);
    return directive.name.value !== 'include' || holds(directive, valueOf, false);
  });

function holds(directive: DirectiveNode, valueOf: ValueOf, otherwise: boolean): boolean {
  const value = ifOf(directive);
  if (value?.kind === Kind.VARIABLE) return valueOf(value.name.value);
  return value?.kind === Kind.BOOLEAN ? value.value : otherwise;
}

const ifOf = ({ arguments: given }: DirectiveNode) => given?.find(({ name }) => name.value === 'if')?.value;
