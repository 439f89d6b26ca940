import {
  type ConstDirectiveNode,
  type DefinitionNode,
  Kind,
  type InterfaceTypeDefinitionNode,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  parse,
  type SelectionSetNode,
} from 'graphql';

/** What one subgraph's SDL says about one field. */
export interface FieldFacts {
  /** Neither resolved here nor part of a key. */
  readonly external: boolean;
  readonly requires: SelectionSetNode | undefined;
  readonly provides: SelectionSetNode | undefined;
}

/** What one subgraph's SDL says about one object or interface. */
export interface TypeFacts {
  readonly name: string;
  readonly isInterface: boolean;
  readonly interfaces: readonly string[];
  /** The keys that the subgraph resolves. */
  readonly keys: readonly SelectionSetNode[];
  readonly fields: ReadonlyMap<string, FieldFacts>;
}

export type SdlFacts = ReadonlyMap<string, TypeFacts>;

type Definition = ObjectTypeDefinitionNode | ObjectTypeExtensionNode | InterfaceTypeDefinitionNode;

const isDefinition = (node: DefinitionNode): node is Definition =>
  node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION || node.kind === Kind.INTERFACE_TYPE_DEFINITION;

/** Reads the federation directives of a subgraph's SDL. */
export function readSdl(sdl: string): SdlFacts {
  return new Map(
    parse(sdl)
      .definitions.filter(isDefinition)
      .map((definition) => [definition.name.value, readType(definition)]),
  );
}

function readType(definition: Definition): TypeFacts {
  const keys = (definition.directives ?? []).filter(({ name }) => name.value === 'key');
  const keyFields = new Set(keys.flatMap((key) => namesIn(fieldSet(key))));
  return {
    name: definition.name.value,
    isInterface: definition.kind === Kind.INTERFACE_TYPE_DEFINITION,
    interfaces: (definition.interfaces ?? []).map(({ name }) => name.value),
    keys: keys.filter((key) => argument(key, 'resolvable')?.kind !== Kind.BOOLEAN || !isFalse(argument(key, 'resolvable'))).map(fieldSet),
    fields: new Map(
      (definition.fields ?? []).map(({ name, directives = [] }) => {
        const find = (wanted: string) => directives.find((directive) => directive.name.value === wanted);
        const requires = find('requires');
        const provides = find('provides');
        return [
          name.value,
          {
            external: find('external') !== undefined && !keyFields.has(name.value),
            requires: requires && fieldSet(requires),
            provides: provides && fieldSet(provides),
          },
        ];
      }),
    ),
  };
}

const argument = (directive: ConstDirectiveNode, name: string) => directive.arguments?.find((one) => one.name.value === name)?.value;
const isFalse = (value: ReturnType<typeof argument>): boolean => value?.kind === Kind.BOOLEAN && !value.value;

function fieldSet(directive: ConstDirectiveNode): SelectionSetNode {
  const value = argument(directive, 'fields');
  const operation = parse(`{ ${value?.kind === Kind.STRING ? value.value : ''} }`).definitions[0];
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`@${directive.name.value} names no fields`);
  return operation.selectionSet;
}

const namesIn = ({ selections }: SelectionSetNode): string[] =>
  selections.flatMap((selection) => (selection.kind === Kind.FIELD ? [selection.name.value] : []));

/** The selection below a field of a field set; `null` when the set does not name the field for this type, `undefined` for a leaf. */
export function findIn(
  set: SelectionSetNode,
  fieldName: string,
  applies: (typeCondition: string) => boolean,
): SelectionSetNode | undefined | null {
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD && selection.name.value === fieldName) return selection.selectionSet;
    if (selection.kind !== Kind.INLINE_FRAGMENT || !applies(selection.typeCondition?.name.value ?? '')) continue;
    const found = findIn(selection.selectionSet, fieldName, applies);
    if (found !== null) return found;
  }
  return null;
}
