import {
  type DirectiveNode,
  type DocumentNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  valueFromASTUntyped,
  visit,
} from 'graphql';

/** The values that an operation's `@skip`, `@include` and `@defer` depend on. */
export interface Conditions {
  /** One text for each combination of values. */
  keyOf(variables: Readonly<Record<string, unknown>>): string;
  valueOf(variables: Readonly<Record<string, unknown>>): (variable: string) => boolean;
}

const conditional = new Set(['skip', 'include', 'defer']);

/** Finds what an operation depends on, defaults included. */
export function readConditions(document: DocumentNode, operation: OperationDefinitionNode): Conditions {
  const names = new Set<string>();
  visit(document, {
    Directive: (node) => {
      const value = conditional.has(node.name.value) ? ifOf(node) : undefined;
      if (value?.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  const defaults = new Map(
    (operation.variableDefinitions ?? []).map(({ variable, defaultValue }) => [
      variable.name.value,
      defaultValue ? valueFromASTUntyped(defaultValue) : undefined,
    ]),
  );
  const valueOf = (variables: Readonly<Record<string, unknown>>) => (name: string) => {
    const given = Object.hasOwn(variables, name) ? variables[name] : undefined;
    return (given === undefined ? defaults.get(name) : given) === true;
  };
  const ordered = [...names];
  return { valueOf, keyOf: (variables) => ordered.map((name) => (valueOf(variables)(name) ? '1' : '0')).join('') };
}

const ifOf = ({ arguments: given }: DirectiveNode) => given?.find(({ name }) => name.value === 'if')?.value;

/** Whether `@skip` and `@include` let a selection be; they do where a variable's value is not known. */
export function isIncluded({ directives }: SelectionNode, valueOf: (variable: string) => boolean | undefined): boolean {
  for (const directive of directives ?? []) {
    const name = directive.name.value;
    if (name !== 'skip' && name !== 'include') continue;
    const value = ifOf(directive);
    const holds = value?.kind === Kind.VARIABLE ? valueOf(value.name.value) : value?.kind === Kind.BOOLEAN && value.value;
    if (holds === (name === 'skip')) return false;
  }
  return true;
}
