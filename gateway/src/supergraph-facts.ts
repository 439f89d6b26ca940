import type { AccessRule } from '@supergraph/platform/access';
import { type ConstDirectiveNode, type DocumentNode, Kind, parse, type TypeNode, valueFromASTUntyped } from 'graphql';

/** How long a field's list may get, as `@listSize` says it. */
export interface ListSize {
  readonly assumedSize: number | undefined;
  readonly slicingArguments: readonly string[];
  readonly sizedFields: readonly string[];
}

/** For whom an answer may be kept: for everybody who asks for themselves, or for its viewer alone. */
export type CacheScope = 'PUBLIC' | 'PRIVATE';

/** What `@cacheControl` says, as far as it says it. */
export interface CacheHint {
  /** In seconds. */
  readonly maxAge: number | undefined;
  readonly scope: CacheScope | undefined;
  /** As long as the object that the field stands in. */
  readonly inherits: boolean;
}

/** What the supergraph's directives say about one field; the rules of its type are apart. */
export interface FieldFacts {
  readonly rule: AccessRule | undefined;
  readonly cost: number | undefined;
  readonly listSize: ListSize | undefined;
  readonly cache: CacheHint | undefined;
  readonly isList: boolean;
  /** The name of the type below all lists and non-nulls. */
  readonly typeName: string;
  /** Page sizes that stand in the schema as defaults of arguments. */
  readonly defaults: ReadonlyMap<string, unknown>;
}

export interface TypeFacts {
  readonly rule: AccessRule | undefined;
  readonly cost: number | undefined;
  /** What a type says for every field that returns it. An entity of several domains says nothing: nobody can speak for the others' fields. */
  readonly cache: CacheHint | undefined;
  /** The field that an entity is known by; undefined for other types, and for entities that no single field tells apart. */
  readonly key: string | undefined;
  readonly isEntity: boolean;
  readonly fields: ReadonlyMap<string, FieldFacts>;
}

/** What stands in a supergraph beside its types: access rules, costs, list sizes, how long to keep what, and scopes. */
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
      types.set(definition.name.value, { ...factsOfType(readDirectives(definition.directives)), rule: undefined, fields: new Map() });
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
      cache: cacheHintOf(directives),
      isList: hasList(field.type),
      typeName: nameOf(field.type),
      defaults: new Map(
        (field.arguments ?? []).flatMap(({ name, defaultValue }) =>
          defaultValue ? [[name.value, valueFromASTUntyped(defaultValue)]] : [],
        ),
      ),
    });
  }
  return { ...factsOfType(readDirectives(definition.directives)), fields };
}

function factsOfType(directives: Directives): Omit<TypeFacts, 'fields'> {
  const joins = directives.get('type') ?? [];
  const keys = joins.map(({ key }) => key).filter((key) => typeof key === 'string');
  const graphs = new Set(joins.map(({ graph }) => graph));
  const single = keys.filter((key) => /^\w+$/.test(key)).toSorted();
  return {
    rule: ruleOf(directives),
    cost: weightOf(directives),
    cache: keys.length > 0 && graphs.size > 1 ? undefined : cacheHintOf(directives),
    key: single.includes('id') ? 'id' : single[0],
    isEntity: keys.length > 0,
  };
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

function cacheHintOf(directives: Directives): CacheHint | undefined {
  const found = directives.get('cacheControl')?.[0];
  if (!found) return undefined;
  const { maxAge, scope, inheritMaxAge } = found;
  return {
    maxAge: typeof maxAge === 'number' ? maxAge : undefined,
    scope: scope === 'PUBLIC' || scope === 'PRIVATE' ? scope : undefined,
    inherits: inheritMaxAge === true,
  };
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
