import { type ASTNode, Kind, print } from 'graphql';
import { auditCaching } from './caching.ts';
import {
  type Domain,
  type Fields,
  type Graph,
  argumentsOf,
  capitalized,
  directive,
  enumValuesOf,
  fieldsOf,
  has,
  inputFieldsOf,
  inputsOf,
  isInternal,
  isMachinery,
  isRequired,
  isRequiredThroughout,
  isStub,
  nameOf,
} from './graph.ts';

/** `nodes` leads from the fault up to its type: a waiver before any of them counts. */
export interface Fault {
  readonly at: string;
  readonly nodes: readonly ASTNode[];
  readonly what: string;
}

export interface Rule {
  readonly number: number;
  readonly sentence: string;
  readonly mend: string;
  readonly audit: (domain: Domain, graph: Graph) => Fault[];
}

const roots = new Set(['Query', 'Mutation', 'Subscription']);
const accessRules = ['public', 'authenticated', 'requiresScopes', 'policy'];
const privilegedNames = new Set(
  (
    'organizationId tenantId ownerId ownerUserId owner sellerId authorId creatorId createdById createdBy updatedById updatedBy actorId viewerId ' +
    'isAdmin isOwner isVerified createdAt updatedAt deletedAt balance passwordHash'
  ).split(' '),
);
const irregularPasts = new Set(
  'begun bought brought built come cut done found given gone held hidden kept known left lost made met paid put read sent set shown shut sold split taken won written'.split(
    ' ',
  ),
);

function auditDescriptions(domain: Domain, graph: Graph): Fault[] {
  const types: Fault[] = domain.types
    .filter((type) => !type.description && !roots.has(type.name.value))
    .filter((type) => !('fields' in type && type.kind !== Kind.INPUT_OBJECT_TYPE_DEFINITION && isStub(type, domain, graph)))
    .map((type) => ({ at: type.name.value, nodes: [type], what: 'type' }));
  const fields: Fault[] = fieldsOf(domain)
    .filter(({ field, type }) => !field.description && !isMachinery(field, type, domain, graph))
    .map(({ at, nodes }) => ({ at, nodes, what: 'field' }));
  const inputs: Fault[] = [
    ...argumentsOf(domain).map((input) => ({ ...input, what: 'argument' })),
    ...inputFieldsOf(domain).map((input) => ({ ...input, what: 'input field' })),
  ].filter(({ value }) => !value.description);
  const values: Fault[] = enumValuesOf(domain)
    .filter(({ value }) => !value.description)
    .map(({ at, nodes }) => ({ at, nodes, what: 'enum value' }));
  return [...types, ...fields, ...inputs, ...values];
}

function auditAccess(domain: Domain, graph: Graph): Fault[] {
  return fieldsOf(domain)
    .filter(({ type }) => type.kind !== Kind.INTERFACE_TYPE_DEFINITION)
    .filter(({ field, type }) => !has(field, ...accessRules) && !has(type, ...accessRules))
    .filter(
      ({ field, type }) =>
        !isMachinery(field, type, domain, graph) && !isInternal(field) && !isInternal(type) && !has(type, 'inaccessible'),
    )
    .map(({ at, nodes }) => ({ at, nodes, what: 'no access rule of its own or of its type' }));
}

function auditInternal(domain: Domain): Fault[] {
  const nodes = [
    ...domain.types.map((type) => ({ node: type, at: type.name.value, nodes: [type] as ASTNode[] })),
    ...fieldsOf(domain).map(({ field, at, nodes: path }) => ({ node: field, at, nodes: path })),
  ];
  return nodes
    .filter(({ node }) => isInternal(node) && !has(node, 'inaccessible'))
    .map(({ at, nodes: path }) => ({ at, nodes: path, what: 'internal, but clients see it' }));
}

function auditMutations(domain: Domain): Fault[] {
  return fieldsOf(domain)
    .filter(({ type }) => type.name.value === 'Mutation')
    .flatMap(({ field, at, nodes }) => {
      const name = capitalized(field.name.value);
      const [input, ...more] = field.arguments ?? [];
      const fits =
        input?.name.value === 'input' &&
        more.length === 0 &&
        print(input.type) === `${name}Input!` &&
        print(field.type) === `${name}Payload!`;
      return fits ? [] : [{ at, nodes, what: `should read ${field.name.value}(input: ${name}Input!): ${name}Payload!` }];
    });
}

function auditConnectionArguments(domain: Domain): Fault[] {
  const wanted = { first: 'Int', after: 'String', last: 'Int', before: 'String' };
  return fieldsOf(domain)
    .filter(({ field }) => nameOf(field.type).endsWith('Connection'))
    .flatMap(({ field, at, nodes }) => {
      const types = Object.fromEntries((field.arguments ?? []).map(({ name, type }) => [name.value, print(type)]));
      const bad = Object.entries(wanted).filter(
        ([name, type]) => (name in types || name === 'first' || name === 'after') && types[name] !== type,
      );
      return bad.map(([name, type]) => ({ at, nodes, what: `wants ${name}: ${type}` }));
    });
}

function auditConnectionShape(domain: Domain): Fault[] {
  return domain.outputs
    .filter((type) => type.name.value.endsWith('Connection'))
    .flatMap((type) => {
      const name = type.name.value.slice(0, -'Connection'.length);
      const printed = (holder: Fields | undefined, field: string) => {
        const found = holder?.fields?.find((candidate) => candidate.name.value === field);
        return found && print(found.type);
      };
      const edge = domain.outputs.find((candidate) => candidate.name.value === `${name}Edge`);
      const faults = [
        printed(type, 'edges') !== `[${name}Edge!]!` && `wants edges: [${name}Edge!]!`,
        !printed(type, 'nodes')?.startsWith('[') && 'wants nodes, a list',
        printed(type, 'pageInfo') !== 'PageInfo!' && 'wants pageInfo: PageInfo!',
        ![undefined, 'Int!'].includes(printed(type, 'totalCount')) && 'wants totalCount: Int!, or none at all',
        edge && !printed(edge, 'node') && `wants a node in ${name}Edge`,
        edge && printed(edge, 'cursor') !== 'String!' && `wants cursor: String! in ${name}Edge`,
      ];
      return faults.filter((what) => typeof what === 'string').map((what) => ({ at: type.name.value, nodes: [type], what }));
    });
}

const auditEnumValues = (domain: Domain): Fault[] =>
  enumValuesOf(domain)
    .filter(({ value }) => !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(value.name.value))
    .map(({ at, nodes }) => ({ at, nodes, what: 'not UPPER_CASE' }));

function auditIds(domain: Domain): Fault[] {
  const all = [
    ...fieldsOf(domain).map(({ field, at, nodes }) => ({ name: field.name.value, type: field.type, at, nodes })),
    ...[...argumentsOf(domain), ...inputFieldsOf(domain)].map(({ value, at, nodes }) => ({
      name: value.name.value,
      type: value.type,
      at,
      nodes,
    })),
  ];
  return all
    .filter(({ name, type }) => name === 'id' && print(type) !== 'ID!')
    .map(({ at, nodes, type }) => ({ at, nodes, what: `is ${print(type)}` }));
}

const auditPrivilegedNames = (domain: Domain): Fault[] =>
  [
    ...inputFieldsOf(domain).filter(({ holder }) => !/(Filter|Order)$/.test(holder)),
    ...argumentsOf(domain).filter(({ holder }) => holder.startsWith('Mutation.')),
  ]
    .filter(({ value }) => privilegedNames.has(value.name.value))
    .map(({ at, nodes, value }) => ({ at, nodes, what: `${value.name.value} is for the service to know` }));

function auditUniqueNames(domain: Domain, graph: Graph): Fault[] {
  const others = graph.domains.filter(({ name }) => name !== domain.name);
  const types = domain.types
    .filter((type) => !roots.has(type.name.value) && !has(type, 'key', 'interfaceObject'))
    .flatMap((type) => {
      const other = others.find(({ types: theirs }) => theirs.some(({ name }) => name.value === type.name.value))?.name;
      const where = graph.sharedTypes.has(type.name.value) ? 'schema/shared.graphql' : other;
      return where ? [{ at: type.name.value, nodes: [type], what: `stands in ${where} too` }] : [];
    });
  const fields = fieldsOf(domain)
    .filter(({ type, field }) => roots.has(type.name.value) && !has(field, 'override'))
    .flatMap(({ at, nodes }) => {
      const other = others.find((candidate) => fieldsOf(candidate).some((theirs) => theirs.at === at && !has(theirs.field, 'override')));
      return other ? [{ at, nodes, what: `stands in ${other.name} too` }] : [];
    });
  return [...types, ...fields];
}

const auditSubscriptions = (domain: Domain): Fault[] =>
  fieldsOf(domain)
    .filter(({ type }) => type.name.value === 'Subscription')
    .filter(({ field }) => {
      const last = field.name.value
        .split(/(?=[A-Z])/)
        .at(-1)!
        .toLowerCase();
      return !last.endsWith('ed') && !irregularPasts.has(last);
    })
    .map(({ at, nodes }) => ({ at, nodes, what: 'not named after what happened' }));

function auditForeignEntities(domain: Domain, graph: Graph): Fault[] {
  return fieldsOf(domain).flatMap(({ field, at, nodes }) => {
    const owner = graph.owners.get(nameOf(field.type));
    if (!owner || owner === domain.name || has(field, 'external') || !isRequiredThroughout(field.type)) return [];
    return [{ at, nodes, what: `returns ${print(field.type)}, and ${nameOf(field.type)} is ${owner}'s` }];
  });
}

function auditAddedFields(domain: Domain, graph: Graph): Fault[] {
  return fieldsOf(domain)
    .filter(({ type, field }) => isStub(type, domain, graph) && !isMachinery(field, type, domain, graph) && isRequired(field.type))
    .map(({ at, nodes, type }) => ({ at, nodes, what: `non-null, and ${type.name.value} is ${graph.owners.get(type.name.value)}'s` }));
}

function auditOwners(domain: Domain, graph: Graph): Fault[] {
  return domain.outputs
    .filter((type) => has(type, 'key') && 'description' in type && type.description)
    .filter((type) => graph.owners.get(type.name.value) !== domain.name)
    .map((type) => ({ at: type.name.value, nodes: [type], what: `described here and in ${graph.owners.get(type.name.value)}` }));
}

function auditFilters(domain: Domain): Fault[] {
  const args = argumentsOf(domain).flatMap(({ value, at, nodes }) => {
    const suffix = { filter: 'Filter', orderBy: 'Order' }[value.name.value];
    if (!suffix || (value.type.kind === Kind.NAMED_TYPE && value.type.name.value.endsWith(suffix))) return [];
    return [{ at, nodes, what: `is ${print(value.type)}, not an optional …${suffix}` }];
  });
  const orders = inputsOf(domain)
    .filter((type) => type.name.value.endsWith('Order'))
    .filter((type) => {
      const types = Object.fromEntries((type.fields ?? []).map((field) => [field.name.value, print(field.type)]));
      return types['field'] !== `${type.name.value}Field!` || types['direction'] !== 'SortDirection!';
    })
    .map((type) => ({ at: type.name.value, nodes: [type], what: `wants field: ${type.name.value}Field! and direction: SortDirection!` }));
  return [...args, ...orders];
}

function auditCase(domain: Domain): Fault[] {
  const types = domain.types.filter((type) => !/^[A-Z][A-Za-z0-9]*$/.test(type.name.value));
  const members = [
    ...fieldsOf(domain).map(({ field, ...rest }) => ({ ...rest, name: field.name.value })),
    ...[...argumentsOf(domain), ...inputFieldsOf(domain)].map(({ value, ...rest }) => ({ ...rest, name: value.name.value })),
  ];
  return [
    ...types.map((type) => ({ at: type.name.value, nodes: [type], what: 'not PascalCase' })),
    ...members.filter(({ name }) => !/^[a-z][A-Za-z0-9]*$/.test(name)).map(({ at, nodes }) => ({ at, nodes, what: 'not camelCase' })),
  ];
}

function auditShareable(domain: Domain): Fault[] {
  const types = domain.outputs.filter((type) => has(type, 'key') && has(type, 'shareable'));
  return [
    ...types.map((type) => ({ at: type.name.value, nodes: [type], what: 'an entity' })),
    ...fieldsOf(domain)
      .filter(({ field }) => has(field, 'shareable'))
      .map(({ at, nodes }) => ({ at, nodes, what: 'a single field' })),
  ];
}

const auditReadingById = (domain: Domain): Fault[] =>
  fieldsOf(domain)
    .filter(({ type, field }) => type.name.value === 'Query' && field.arguments?.length === 1 && field.arguments[0]!.name.value === 'id')
    .filter(({ field }) => isRequired(field.type))
    .map(({ at, nodes }) => ({ at, nodes, what: 'non-null' }));

function auditDeprecations(domain: Domain): Fault[] {
  const deprecated = [
    ...fieldsOf(domain).map(({ field, at, nodes }) => ({ node: field, at, nodes })),
    ...[...argumentsOf(domain), ...inputFieldsOf(domain), ...enumValuesOf(domain)].map(({ value, at, nodes }) => ({
      node: value,
      at,
      nodes,
    })),
  ];
  return deprecated
    .filter(({ node }) => has(node, 'deprecated') && !directive(node, 'deprecated')?.arguments?.length)
    .map(({ at, nodes }) => ({ at, nodes, what: 'deprecated without a reason' }));
}

/** The conventions that a program can check. A comment `# waive rule 9: reason` before a definition excuses it and what is in it. */
export const rules: readonly Rule[] = [
  {
    number: 1,
    sentence: 'Every type, field, argument, input field and enum value has a description.',
    mend: 'say what it is, its unit, its limits, its error codes',
    audit: auditDescriptions,
  },
  {
    number: 2,
    sentence: 'Every field has an access rule.',
    mend: 'give the field or its type @authenticated, @requiresScopes, @policy, or @public if anybody may read it',
    audit: auditAccess,
  },
  {
    number: 3,
    sentence: 'What is tagged internal is @inaccessible.',
    mend: 'add @inaccessible beside @tag(name: "internal")',
    audit: auditInternal,
  },
  {
    number: 4,
    sentence: 'A mutation is verbNoun(input: VerbNounInput!): VerbNounPayload!.',
    mend: 'rename, and move every argument into the input',
    audit: auditMutations,
  },
  {
    number: 5,
    sentence: 'A connection takes first and after (and last, before).',
    mend: 'write (first: Int, after: String)',
    audit: auditConnectionArguments,
  },
  {
    number: 6,
    sentence: 'A connection has edges, nodes, pageInfo and totalCount (none in feeds).',
    mend: 'take the shape of the conventions',
    audit: auditConnectionShape,
  },
  { number: 7, sentence: 'Enum values are UPPER_CASE.', mend: 'rename', audit: auditEnumValues },
  { number: 8, sentence: 'An id is ID!.', mend: 'write id: ID!', audit: auditIds },
  { number: 9, sentence: 'No input names owner, tenant or times of making.', mend: 'take it from ctx', audit: auditPrivilegedNames },
  {
    number: 10,
    sentence: 'Names of types and root fields are unique in the graph.',
    mend: 'the domain that the platform would expect keeps the name, the other one prefixes its own',
    audit: auditUniqueNames,
  },
  {
    number: 11,
    sentence: 'A subscription is named after what happened.',
    mend: 'end it in a past participle, as in messageAdded',
    audit: auditSubscriptions,
  },
  {
    number: 12,
    sentence: "A field that returns another domain's entity is nullable.",
    mend: 'drop the !, or for lists the inner or the outer one',
    audit: auditForeignEntities,
  },
  {
    number: 13,
    sentence: "A field added to another domain's entity is nullable.",
    mend: 'drop the outer !, so that a failure here does not blank the entity',
    audit: auditAddedFields,
  },
  {
    number: 14,
    sentence: 'An entity is described by its owner only.',
    mend: 'leave the description to the owner: it is how the owner is told from those who refer to it',
    audit: auditOwners,
  },
  {
    number: 15,
    sentence: 'Filters are filter: XFilter, orders are orderBy: XOrder { field: XOrderField!, direction: SortDirection! }.',
    mend: 'take the shape of the conventions',
    audit: auditFilters,
  },
  { number: 16, sentence: 'Types are PascalCase; fields and arguments are camelCase.', mend: 'rename', audit: auditCase },
  {
    number: 17,
    sentence: 'Only value types are @shareable.',
    mend: 'resolve the field in one domain, or move the value type to schema/shared.graphql',
    audit: auditShareable,
  },
  { number: 18, sentence: 'Reading by id is nullable: unknown and hidden are both null.', mend: 'drop the !', audit: auditReadingById },
  { number: 19, sentence: 'A deprecation says what to use instead.', mend: 'write @deprecated(reason: "…")', audit: auditDeprecations },
  {
    number: 20,
    sentence: '@cacheControl stands on the fields of entities, and says PRIVATE where there is an access rule.',
    mend: 'take it to the fields, and add scope: PRIVATE',
    audit: auditCaching,
  },
];
