import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, isObjectType, parse } from 'graphql';
import { entitiesAbout, entityAction, isGoverned, rootNameOf, sourcesOf } from '../platform/src/policy-questions.ts';
import { type AccessRule, accessRulesOf } from '../platform/src/access.ts';

/** A domain with its whole SDL. */
export interface PolicyDomain {
  readonly name: string;
  readonly sdl: string;
}

interface Action {
  readonly name: string;
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly rules: readonly AccessRule[];
}

/** What stored policies may be about, as a Cedar schema, and each action with its groups and the SDL's own rules. */
export function describePolicies(domains: readonly PolicyDomain[]): { readonly schema: string; readonly actions: string } {
  const entities = new Set<string>();
  const actions = domains.flatMap((domain) => actionsOf(domain, entities));
  const things = [...entities].filter((name) => name !== 'User' && name !== 'Organization').toSorted();
  const byName = Map.groupBy(actions, ({ name }) => name);
  const lines = [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, group]) => writeAction(name, group));
  const groups = [...new Set(['read', 'write', 'watch', ...domains.map(({ name }) => name)])].map(
    (group) => `action ${JSON.stringify(group)};`,
  );
  const schema = `${preamble}
${things.map((name) => `entity ${name} in [Organization, Platform];`).join('\n')}

${groups.join('\n')}

${lines.join('\n')}
`;
  const known = [...byName]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, group]) => [
      name,
      { groups: [...new Set(group.flatMap((each) => each.groups))], rules: group.flatMap((each) => each.rules) },
    ]);
  return { schema, actions: `${JSON.stringify(Object.fromEntries(known), null, 1)}\n` };
}

const preamble = `// Written by \`npm run schema\`: what a stored policy may be about.

entity Platform;
entity Organization in [Platform];
// People and service accounts; whoever is not signed in is User::"anybody", of the kind GUEST.
entity User in [Organization, Platform] { kind: String, roles: Set<String> };

type Request = {
  signedIn: Bool,
  // aal0 for guests, aal1, or aal2 for two factors.
  acr: String,
  amr: Set<String>,
  scopes: Set<String>,
  // An administrator acts as the person.
  impersonated: Bool,
  // False for access tokens and programs.
  hasSession: Bool,
  // Of the membership in the chosen organization.
  permissions: Set<String>,
  clientId?: String,
  organization?: Organization,
  organizationRole?: String,
  ipAddress?: ipaddr,
};
`;

function writeAction(name: string, group: readonly Action[]): string {
  const groups = [...new Set(group.flatMap((each) => each.groups))].map((each) => JSON.stringify(each)).join(', ');
  const resources = [...new Set([...group.flatMap((each) => each.resources), 'Organization', 'Platform'])].toSorted().join(', ');
  return `action ${JSON.stringify(name)} in [${groups}] appliesTo { principal: [User], resource: [${resources}], context: Request };`;
}

const groupOf: Readonly<Record<string, string>> = { Query: 'read', Mutation: 'write', Subscription: 'watch' };

function actionsOf({ name: domain, sdl }: PolicyDomain, entities: Set<string>): Action[] {
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl) }]);
  const own = rootActions(schema, domain);
  const read = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && isResolvable(type));
  for (const type of read) entities.add(type.name);
  for (const { resources } of own) for (const resource of resources) entities.add(resource);
  return [...own, ...read.map(({ name }) => ({ name: entityAction(name), groups: ['read', domain], resources: [name], rules: [] }))];
}

function rootActions(schema: GraphQLSchema, domain: string): Action[] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter((type) => !!type);
  return roots.flatMap((type) => {
    const root = rootNameOf(schema, type.name) ?? '';
    return Object.values(type.getFields())
      .filter((field) => isGoverned(root, field))
      .map((field) => ({
        name: `${root}.${field.name}`,
        groups: [groupOf[root] ?? 'read', domain],
        resources: [...new Set([...entitiesAbout(schema, field), ...sourcesOf(schema, field).map(({ type: each }) => each)])],
        rules: accessRulesOf(schema, type, field),
      }));
  });
}

const isResolvable = (type: { readonly astNode?: { readonly directives?: readonly unknown[] } | null | undefined }): boolean =>
  (type.astNode?.directives ?? []).some((directive) => {
    const { name, arguments: given = [] } = directive as {
      name: { value: string };
      arguments?: { name: { value: string }; value: { value?: unknown } }[];
    };
    return name.value === 'key' && !given.some((each) => each.name.value === 'resolvable' && each.value.value === false);
  });
