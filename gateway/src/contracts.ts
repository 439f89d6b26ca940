import { type DocumentNode, GraphQLError, Kind, parse, type TypeDefinitionNode } from 'graphql';
import { reachableTypes } from './contract-reach.ts';
import { argumentOf, type Hideable, isTypeDefinition, linkedSpecs, type Specs } from './supergraph-parts.ts';

/** A part of the graph, chosen by tags: what a group of clients sees. */
export interface Contract {
  readonly name: string;
  /** Fields and unions must have one of these tags; empty: no tag is asked for. */
  readonly include: readonly string[];
  /** What has one of these tags is hidden, whatever else it is tagged with. */
  readonly exclude: readonly string[];
}

/** What everybody sees at /graphql; the other contracts are at /graphql/<name>. */
export const publicContract = 'public';

export const contracts: readonly Contract[] = [
  { name: publicContract, include: [], exclude: ['internal', 'partner'] },
  { name: 'partner', include: [], exclude: ['internal'] },
];

/**
 * The supergraph of a contract: what it hides is `@inaccessible`, for clients as if it were not there, and still there
 * for the planner. The text itself where the contract hides nothing. `supergraph` is the parsed text, with locations.
 */
export function contractSdlOf(supergraphSdl: string, contract: Contract, supergraph: DocumentNode = parse(supergraphSdl)): string {
  const specs = linkedSpecs(supergraph);
  const types = supergraph.definitions.filter(isTypeDefinition).filter(({ name }) => !specs.isMachinery(name.value));
  const hidden = new Set<Hideable>(types.flatMap((type) => hiddenOf(type, contract, specs)));
  const isHidden = (node: Hideable) => hidden.has(node) || hasDirective(node, specs.inaccessible);
  // Types that no visible field leads to any more tell of what is hidden.
  const reached = reachableTypes(supergraph, isHidden);
  for (const type of types) if (!reached.has(type.name.value)) hidden.add(type);
  const marked = [...hidden].filter((node) => !hasDirective(node, specs.inaccessible));
  return marked.length === 0 ? supergraphSdl : mark(supergraphSdl, supergraph, marked, specs);
}

/** Builds something of a contract; what is wrong with it names the contract, each fault on a line of its own. */
export function namingContract<Built>(name: string, build: () => Built): Built {
  try {
    return build();
  } catch (error) {
    // Everything else is no fault of the contract.
    if (!(error instanceof GraphQLError) || error.extensions['code'] !== 'GraphQLAPISchemaValidationFailed') throw error;
    const { causes = [] } = error as { causes?: readonly Error[] };
    const faults = (causes.length > 0 ? causes : [error as Error]).map((fault) => `- ${fault.message.split('\n\n')[0]}`);
    const mend = 'mend: what the contract hides must be hidden wherever it is named; give the field the tag of what it leads to';
    throw new Error([`the contract "${name}" does not hold:`, ...faults, mend].join('\n'), { cause: error });
  }
}

/** What a contract hides of a type by its tags, the type itself included. A type's tags are its fields' tags, too. */
function hiddenOf(type: TypeDefinitionNode, { include, exclude }: Contract, specs: Specs): readonly Hideable[] {
  const isExcluded = (tags: readonly string[]) => tags.some((tag) => exclude.includes(tag));
  const isMissed = (tags: readonly string[]) => include.length > 0 && !tags.some((tag) => include.includes(tag));
  const excluded = <Node extends Hideable>(nodes: readonly Node[] = []) => nodes.filter((node) => isExcluded(tagsOf(node, specs)));
  const tags = tagsOf(type, specs);
  const itself = isExcluded(tags) ? [type] : [];
  switch (type.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION: {
      const all = type.fields ?? [];
      const fields = all.filter((field) => {
        const ofField = [...tags, ...tagsOf(field, specs)];
        return isExcluded(ofField) || isMissed(ofField);
      });
      const isEmpty = all.every((field) => fields.includes(field) || hasDirective(field, specs.inaccessible));
      return [...(isEmpty ? [type] : itself), ...fields, ...all.flatMap((field) => excluded(field.arguments))];
    }
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return [...itself, ...excluded(type.fields)];
    case Kind.ENUM_TYPE_DEFINITION:
      return [...itself, ...excluded(type.values)];
    case Kind.UNION_TYPE_DEFINITION:
      return isMissed(tags) ? [type] : itself;
    case Kind.SCALAR_TYPE_DEFINITION:
      return itself;
  }
}

const tagsOf = ({ directives = [] }: Hideable, { tag }: Specs): readonly string[] =>
  directives.flatMap((directive) => (directive.name.value === tag ? [argumentOf(directive, 'name') ?? ''] : []));

const hasDirective = ({ directives = [] }: Hideable, name: string | undefined): boolean =>
  directives.some((directive) => directive.name.value === name);

const linking = '@link(url: "https://specs.apollo.dev/inaccessible/v0.2", for: SECURITY)';
const defining =
  'directive @inaccessible on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION';

/** Writes `@inaccessible` into the text; printing the whole document anew takes ten times as long. */
function mark(text: string, { definitions }: DocumentNode, hidden: readonly Hideable[], { inaccessible }: Specs): string {
  const insertions = hidden.map((node) => ({ at: endOfDirectives(node), text: ` @${inaccessible ?? 'inaccessible'}` }));
  // Supergraphs in which nothing was hidden before do not know the directive.
  if (!inaccessible) {
    const schema = definitions.find((definition) => definition.kind === Kind.SCHEMA_DEFINITION);
    insertions.push({ at: endOf(schema?.directives?.at(-1)), text: ` ${linking}` }, { at: text.length, text: `\n${defining}\n` });
  }
  insertions.sort((one, other) => one.at - other.at);
  let from = 0;
  const parts = insertions.flatMap(({ at, text: inserted }) => {
    const part = text.slice(from, at);
    from = at;
    return [part, inserted];
  });
  return [...parts, text.slice(from)].join('');
}

/** Where the next directive of a node may be written. */
function endOfDirectives(node: Hideable): number {
  const last = node.directives?.at(-1);
  if (last) return endOf(last);
  if ('interfaces' in node && node.interfaces?.length) return endOf(node.interfaces.at(-1));
  // Fields, values and scalars end where their directives do.
  return 'fields' in node || node.kind === Kind.ENUM_TYPE_DEFINITION || node.kind === Kind.UNION_TYPE_DEFINITION
    ? endOf(node.name)
    : endOf(node);
}

function endOf(node: { readonly loc?: { readonly end: number } | undefined } | undefined): number {
  if (!node?.loc) throw new Error('a contract is made of a supergraph that was parsed with its locations');
  return node.loc.end;
}
