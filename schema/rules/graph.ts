import {
  type ASTNode,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InputObjectTypeDefinitionNode,
  type InputValueDefinitionNode,
  type InterfaceTypeDefinitionNode,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  type TypeDefinitionNode,
  type TypeNode,
  Kind,
  isTypeDefinitionNode,
  parse,
  print,
} from 'graphql';

/** A domain's own SDL, without shared.graphql. */
export interface DomainSdl {
  readonly name: string;
  readonly sdl: string;
}

export type Fields = ObjectTypeDefinitionNode | ObjectTypeExtensionNode | InterfaceTypeDefinitionNode;

export interface Domain {
  readonly name: string;
  readonly sdl: string;
  readonly types: readonly TypeDefinitionNode[];
  /** Everything with output fields; extensions of the root types count as theirs. */
  readonly outputs: readonly Fields[];
}

export interface Graph {
  readonly domains: readonly Domain[];
  /** Who describes an entity owns it; the others refer to it. */
  readonly owners: ReadonlyMap<string, string>;
  readonly sharedTypes: ReadonlySet<string>;
}

export const directive = (node: { readonly directives?: readonly ConstDirectiveNode[] }, name: string): ConstDirectiveNode | undefined =>
  node.directives?.find((candidate) => candidate.name.value === name);
export const has = (node: { readonly directives?: readonly ConstDirectiveNode[] }, ...names: string[]): boolean =>
  names.some((name) => directive(node, name));
export const nameOf = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type));
export const isRequired = (type: TypeNode): boolean => type.kind === Kind.NON_NULL_TYPE;
/** Whether a null anywhere in the value would spoil more than the value. */
export const isRequiredThroughout = (type: TypeNode): boolean => {
  if (type.kind !== Kind.NON_NULL_TYPE) return false;
  return type.type.kind === Kind.NAMED_TYPE || isRequiredThroughout(type.type.type);
};
export const capitalized = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
export const isInternal = (node: { readonly directives?: readonly ConstDirectiveNode[] }): boolean =>
  (node.directives ?? []).some(
    ({ name, arguments: args }) => name.value === 'tag' && args?.some(({ value }) => print(value) === '"internal"'),
  );

export const isStub = (type: Fields, domain: Domain, graph: Graph): boolean => {
  const owner = graph.owners.get(type.name.value);
  return has(type, 'key') && owner !== undefined && owner !== domain.name;
};

export function keyFieldsOf(type: Fields): Set<string> {
  const keys = (type.directives ?? []).filter(({ name }) => name.value === 'key');
  const texts = keys.flatMap(({ arguments: args }) => (args ?? []).map(({ value }) => (value.kind === Kind.STRING ? value.value : '')));
  return new Set(texts.flatMap((text) => text.replace(/\{[^}]*\}/g, ' ').split(/\s+/)));
}

/** Repeated from the owner so that the gateway can ask by key or hand on what `@requires` needs. */
export const isMachinery = (field: FieldDefinitionNode, type: Fields, domain: Domain, graph: Graph): boolean =>
  has(field, 'external') || (isStub(type, domain, graph) && keyFieldsOf(type).has(field.name.value));

export type EachField = { type: Fields; field: FieldDefinitionNode; at: string; nodes: readonly ASTNode[] };
export const fieldsOf = (domain: Domain): EachField[] =>
  domain.outputs.flatMap((type) =>
    (type.fields ?? []).map((field) => ({ type, field, at: `${type.name.value}.${field.name.value}`, nodes: [field, type] })),
  );

export const inputsOf = (domain: Domain): InputObjectTypeDefinitionNode[] =>
  domain.types.filter((type) => type.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION);

export type EachInput = { value: InputValueDefinitionNode; at: string; nodes: readonly ASTNode[]; holder: string };
export const argumentsOf = (domain: Domain): EachInput[] =>
  fieldsOf(domain).flatMap(({ field, at, nodes }) =>
    (field.arguments ?? []).map((value) => ({ value, at: `${at}(${value.name.value})`, nodes: [value, ...nodes], holder: at })),
  );
export const inputFieldsOf = (domain: Domain): EachInput[] =>
  inputsOf(domain).flatMap((type) =>
    (type.fields ?? []).map((value) => ({
      value,
      at: `${type.name.value}.${value.name.value}`,
      nodes: [value, type],
      holder: type.name.value,
    })),
  );

export const enumValuesOf = (domain: Domain) =>
  domain.types
    .filter((type) => type.kind === Kind.ENUM_TYPE_DEFINITION)
    .flatMap((type) => (type.values ?? []).map((value) => ({ value, at: `${type.name.value}.${value.name.value}`, nodes: [value, type] })));

export function readGraph(sources: readonly DomainSdl[], sharedSdl: string): Graph {
  const domains = sources.map(readDomain);
  const owners = new Map<string, string>();
  for (const { name, outputs } of domains) {
    for (const type of outputs) {
      const described = has(type, 'key') && 'description' in type && type.description;
      if (described && !owners.has(type.name.value)) owners.set(type.name.value, name);
    }
  }
  const shared = sharedSdl ? parse(sharedSdl).definitions.filter(isTypeDefinitionNode) : [];
  return { domains, owners, sharedTypes: new Set(shared.map(({ name }) => name.value)) };
}

export function readDomain({ name, sdl }: DomainSdl): Domain {
  const document: DocumentNode = parse(sdl);
  const outputs = document.definitions.filter(
    (node) =>
      node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION || node.kind === Kind.INTERFACE_TYPE_DEFINITION,
  );
  return { name, sdl, types: document.definitions.filter(isTypeDefinitionNode), outputs };
}
