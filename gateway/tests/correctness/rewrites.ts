import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  print,
  type SelectionNode,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Answered } from './arena.ts';

/** A document that asks the same in another way, and the way back. */
export interface Rewritten {
  readonly document: DocumentNode;
  /** The answer as the first document wants it. */
  restore(answer: Answered): Answered;
}

/** Gives every field that has an alias, or may have arguments, a response key that occurs nowhere else. */
export function renameKeys(schema: GraphQLSchema, document: DocumentNode): Rewritten {
  const keys = new Map<string, string>();
  const names = new Map<string, string>();
  const keyOf = (node: FieldNode): string => {
    const signature = print({ ...node, selectionSet: undefined, directives: [] });
    const key = keys.get(signature) ?? `renamed${keys.size}`;
    keys.set(signature, key);
    names.set(key, node.alias?.value ?? node.name.value);
    return key;
  };
  const types = new TypeInfo(schema);
  const renamed = visit(
    document,
    visitWithTypeInfo(types, {
      // One without arguments has those that are the default.
      Field: (node) => (node.alias || types.getFieldDef()?.args.length ? { ...node, alias: nameNode(keyOf(node)) } : undefined),
    }),
  );
  const nameOf = (key: string): string => names.get(key) ?? key;
  const restoreValue = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(restoreValue);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [nameOf(key), restoreValue(item)]));
  };
  return {
    document: renamed,
    restore: ({ data, errors }) => ({
      data: restoreValue(data) as Answered['data'],
      errors: errors.map(({ path, ...error }) => ({
        ...error,
        ...(path ? { path: path.map((step) => (typeof step === 'string' ? nameOf(step) : step)) } : {}),
      })),
    }),
  };
}

const nameNode = (value: string) => ({ kind: Kind.NAME, value }) as const;

const placeholder = 'nothing_is_asked_here';
const typeOfObject = { kind: Kind.FIELD, alias: nameNode(placeholder), name: nameNode('__typename') } as const;

/** Takes out what `@skip` and `@include` leave out, and the directives themselves. */
export function leaveOut(document: DocumentNode, variables: Readonly<Record<string, unknown>>): Rewritten {
  const isLeftOut = ({ directives }: SelectionNode): boolean =>
    (directives ?? []).some((directive) => {
      const name = directive.name.value;
      return (name === 'skip' || name === 'include') && valueOf(directive, variables) === (name === 'skip');
    });
  const rewritten = visit(document, {
    SelectionSet: (node) => {
      const selections = node.selections.filter((selection) => !isLeftOut(selection));
      if (selections.length > 0) return { ...node, selections };
      // An object of which nothing is asked is still asked for.
      return { ...node, selections: [typeOfObject] };
    },
    Directive: ({ name }) => (name.value === 'skip' || name.value === 'include' ? null : undefined),
  });
  return { document: rewritten, restore: withoutPlaceholders };
}

/** Asks every object of which only conditions select anything for its type as well. */
export function askForTypes(document: DocumentNode): Rewritten {
  const rewritten = visit(document, {
    Field: ({ selectionSet, ...node }) => {
      if (!selectionSet || selectionSet.selections.some(({ kind }) => kind === Kind.FIELD)) return undefined;
      return { ...node, selectionSet: { ...selectionSet, selections: [typeOfObject, ...selectionSet.selections] } };
    },
  });
  return { document: rewritten, restore: withoutPlaceholders };
}

/** Takes out the fields that are not among some of them; what is asked about the schema stays. */
export function keepOnly(document: DocumentNode, kept: ReadonlySet<FieldNode>): Rewritten {
  const rewritten = visit(document, {
    Field: { enter: (node) => (node.name.value.startsWith('__') ? false : kept.has(node) ? undefined : null) },
    SelectionSet: { leave: (node) => (node.selections.length > 0 ? undefined : { ...node, selections: [typeOfObject] }) },
  });
  return { document: rewritten, restore: withoutPlaceholders };
}

const withoutPlaceholders = ({ data, errors }: Answered): Answered => ({ data: dropPlaceholders(data) as Answered['data'], errors });

function dropPlaceholders(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropPlaceholders);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([key]) => key !== placeholder);
  return Object.fromEntries(kept.map(([key, item]) => [key, dropPlaceholders(item)]));
}

/** A mutation as several ones, each with one root field and all of its mentions, in the order in which they are to run. */
export function oneByOne(document: DocumentNode): readonly DocumentNode[] {
  const operation = document.definitions.find((one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION);
  if (operation?.operation !== OperationTypeNode.MUTATION) return [document];
  const fragments = document.definitions.filter((one): one is FragmentDefinitionNode => one.kind === Kind.FRAGMENT_DEFINITION);
  const fields = ({ selections }: SelectionSetNode): FieldNode[] =>
    selections.flatMap((one) => {
      if (one.kind === Kind.FIELD) return [one];
      const named = one.kind === Kind.FRAGMENT_SPREAD ? fragments.find(({ name }) => name.value === one.name.value) : one;
      return named ? fields(named.selectionSet) : [];
    });
  const groups = Map.groupBy(fields(operation.selectionSet), ({ alias, name }) => (alias ?? name).value);
  return [...groups.values()].map((selections) => ({
    ...document,
    definitions: [{ ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections } }, ...fragments],
  }));
}

function valueOf({ arguments: given }: DirectiveNode, variables: Readonly<Record<string, unknown>>): unknown {
  const value = given?.find(({ name }) => name.value === 'if')?.value;
  return value?.kind === Kind.VARIABLE ? variables[value.name.value] : value?.kind === Kind.BOOLEAN && value.value;
}
