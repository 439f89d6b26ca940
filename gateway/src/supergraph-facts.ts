import type { AccessRule } from '@supergraph/platform/access';
import { type ConstDirectiveNode, type DocumentNode, Kind, parse, type TypeNode, valueFromASTUntyped } from 'graphql';

/** How long a field's list may get, as `@listSize` says it. */
export interface ListSize {
  readonly assumedSize: number | undefined;
  readonly slicingArguments: readonly string[];
  readonly sizedFields: readonly string[];
}

/** What the supergraph's directives say about one field; the rules of its type are apart. */
export interface FieldFacts {
  readonly rule: AccessRule | undefined;
  readonly cost: number | undefined;
  readonly listSize: ListSize | undefined;
  readonly isList: boolean;
  /** The name of the type below all lists and non-nulls. */
  readonly typeName: string;
  /** Page sizes that stand in the schema as defaults of arguments. */
  readonly defaults: ReadonlyMap<string, unknown>;
}

export interface TypeFacts {
  readonly rule: AccessRule | undefined;
  readonly cost: number | undefined;
  readonly fields: ReadonlyMap<string, FieldFacts>;
}

/** What stands in a supergraph beside its types: access rules, costs, list sizes and scopes. */
export interface SupergraphFacts {
  readonly types: ReadonlyMap<string, TypeFacts>;
  /** Every scope that some field asks for. */
  readonly scopes: ReadonlySet<string>;
}

/** Reads a supergraph's directives; API schemas do not carry them. */
export function readFacts(supergraphSdl: string): SupergraphFacts {
  const types = new Map<string, TypeFacts>();
  const scopes = new Set<string>();
  const noteScopes = (rule: AccessRule | undefined) => rule?.scopes.flat().forEach((scope) => scopes.add(scope));
  for (const definition of parse(supergraphSdl).definitions) {
    if (definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION) {
      const facts = typeFacts(definition);
      types.set(definition.name.value, facts);
      noteScopes(facts.rule);
      for (const field of facts.fields.values()) noteScopes(field.rule);
    }
    if (
      definition.kind === Kind.SCALAR_TYPE_DEFINITION ||
      definition.kind === Kind.ENUM_TYPE_DEFINITION ||
      definition.kind === Kind.UNION_TYPE_DEFINITION
    ) {
      const directives = readDirectives(definition.directives);
      types.set(definition.name.value, { rule: undefined, cost: weightOf(directives), fields: new Map() });
    }
  }
  return { types, scopes };
}

type Definition = Extract<
  DocumentNode['definitions'][number],
  { readonly kind: Kind.OBJECT_TYPE_DEFINITION | Kind.INTERFACE_TYPE_DEFINITION }
>;

function typeFacts(definition: Definition): TypeFacts {
  const fields = new Map<string, FieldFacts>();
  for (const field of definition.fields ?? []) {
    const directives = readDirectives(field.directives);
    fields.set(field.name.value, {
      rule: ruleOf(directives),
      cost: weightOf(directives),
      listSize: listSizeOf(directives),
      isList: hasList(field.type),
      typeName: nameOf(field.type),
      defaults: new Map(
        (field.arguments ?? []).flatMap(({ name, defaultValue }) =>
          defaultValue ? [[name.value, valueFromASTUntyped(defaultValue)]] : [],
        ),
      ),
    });
  }
  const directives = readDirectives(definition.directives);
  return { rule: ruleOf(directives), cost: weightOf(directives), fields };
}

type Directives = ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>;

/** A directive that was not imported by name is written `spec__name`. */
function readDirectives(nodes: readonly ConstDirectiveNode[] = []): Directives {
  const read = nodes.map((node) => ({
    name: node.name.value.replace(/^[a-zA-Z]+__/, ''),
    values: Object.fromEntries((node.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)])),
  }));
  const grouped = new Map<string, Record<string, unknown>[]>();
  for (const { name, values } of read) grouped.set(name, [...(grouped.get(name) ?? []), values]);
  return grouped;
}

/** `@public` is no business of the supergraph: what has no rule there is left to the subgraph. */
function ruleOf(directives: Directives): AccessRule | undefined {
  const lists = (name: string, argument: string) => (directives.get(name)?.[0]?.[argument] ?? []) as string[][];
  const rule: AccessRule = {
    public: false,
    authenticated: directives.has('authenticated'),
    scopes: lists('requiresScopes', 'scopes'),
    policies: lists('policy', 'policies'),
    internal: directives.get('tag')?.some(({ name }) => name === 'internal') ?? false,
  };
  return rule.authenticated || rule.internal || rule.scopes.length > 0 || rule.policies.length > 0 ? rule : undefined;
}

function weightOf(directives: Directives): number | undefined {
  const weight = directives.get('cost')?.[0]?.['weight'];
  return typeof weight === 'number' ? weight : undefined;
}

function listSizeOf(directives: Directives): ListSize | undefined {
  const found = directives.get('listSize')?.[0];
  if (!found) return undefined;
  const { assumedSize, slicingArguments, sizedFields } = found;
  return {
    assumedSize: typeof assumedSize === 'number' ? assumedSize : undefined,
    slicingArguments: (slicingArguments ?? []) as string[],
    sizedFields: (sizedFields ?? []) as string[],
  };
}

const hasList = (type: TypeNode): boolean => type.kind === Kind.LIST_TYPE || (type.kind === Kind.NON_NULL_TYPE && hasList(type.type));
const nameOf = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type));
