import { getNamedType, type GraphQLField, type GraphQLSchema, isInputObjectType, isObjectType } from 'graphql';
import type { Question } from './policy-request.ts';

const groupOf: Readonly<Record<string, string>> = { Query: 'read', Mutation: 'write', Subscription: 'watch' };

/** What no policy forbids: one that forbids too much could never be retired, or only by whoever is signed in already. */
const alwaysOpen = new Set([
  'Query.policies',
  'Query.signInFlow',
  'Mutation.retirePolicy',
  'Mutation.startSignIn',
  'Mutation.continueSignIn',
  'Mutation.refreshSession',
]);

/** Whether stored policies are asked before a root field. */
export const isGoverned = (root: string, field: Field): boolean =>
  !field.name.startsWith('_') && !isInternal(field) && !alwaysOpen.has(`${root}.${field.name}`);

/** The name under which policies know reading an entity that something else points at. */
export const entityAction = (typeName: string): string => `Entity.${typeName}`;

/** What reading an entity asks of policies. */
export const entityQuestion = (domain: string, typeName: string, id: unknown): Question => ({
  action: entityAction(typeName),
  groups: ['read', domain],
  resource: typeof id === 'string' ? { type: typeName, id } : null,
});

/** What a root field asks of policies, given its arguments; undefined for fields of other types. */
export function fieldQuestion(
  schema: GraphQLSchema,
  domain: string,
  typeName: string,
  fieldName: string,
): ((args: unknown) => Question) | undefined {
  const root = rootNameOf(schema, typeName);
  const field = root && (schema.getType(typeName) as ReturnType<GraphQLSchema['getQueryType']>)?.getFields()[fieldName];
  if (!root || !field || !isGoverned(root, field)) return undefined;
  const action = `${root}.${fieldName}`;
  const groups = [groupOf[root] ?? 'read', domain];
  const find = resourceFinder(schema, field);
  return (args) => ({ action, groups, resource: find(args as Readonly<Record<string, unknown>>) });
}

/** `Query`, `Mutation` or `Subscription`, whatever the schema calls them. */
export function rootNameOf(schema: GraphQLSchema, typeName: string): string | undefined {
  if (typeName === schema.getQueryType()?.name) return 'Query';
  if (typeName === schema.getMutationType()?.name) return 'Mutation';
  return typeName === schema.getSubscriptionType()?.name ? 'Subscription' : undefined;
}

type Field = GraphQLField<unknown, unknown>;

const tagged = (node: {
  readonly name: { readonly value: string };
  readonly arguments?: readonly { readonly value: { readonly kind: string; readonly value?: unknown } }[];
}) => node.name.value === 'tag' && node.arguments?.some(({ value }) => value.value === 'internal');

/** Fields for other domains are asked by those alone, whom no policy concerns. */
const isInternal = ({ astNode }: Field): boolean => astNode?.directives?.some((directive) => tagged(directive)) ?? false;

const isEntity = (schema: GraphQLSchema, typeName: string): boolean => {
  const type = schema.getType(typeName);
  return isObjectType(type) && (type.astNode?.directives?.some(({ name }) => name.value === 'key') ?? false);
};

/** The entity types that a field can be about: what it gives, or what its payload holds. */
export function entitiesAbout(schema: GraphQLSchema, field: Field): string[] {
  const given = getNamedType(field.type);
  if (isEntity(schema, given.name)) return [given.name];
  if (!isObjectType(given)) return [];
  return Object.values(given.getFields())
    .map(({ type }) => getNamedType(type).name)
    .filter((name) => isEntity(schema, name));
}

interface Source {
  readonly type: string;
  readonly path: readonly string[];
}

/** Where a field's arguments name an entity: by `id` the one that it gives, by `productId` a product; the first one counts. */
function resourceFinder(schema: GraphQLSchema, field: Field): (args: Readonly<Record<string, unknown>>) => Question['resource'] {
  const sources = sourcesOf(schema, field);
  return (args) => {
    for (const { type, path } of sources) {
      const id = path.reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], args);
      if (typeof id === 'string') return { type, id };
    }
    return null;
  };
}

/** Sorted: what the field itself is about comes before what it names beside that. */
export function sourcesOf(schema: GraphQLSchema, field: Field): Source[] {
  const about = entitiesAbout(schema, field);
  const names = field.args.flatMap(({ name, type }) => {
    const input = getNamedType(type);
    return isInputObjectType(input) ? Object.keys(input.getFields()).map((each) => [name, each]) : [[name]];
  });
  const found = names.flatMap((path) => {
    const type = typeNamedBy(schema, path.at(-1) ?? '', about);
    return type ? [{ type, path }] : [];
  });
  return found.toSorted((a, b) => Number(about.includes(b.type)) - Number(about.includes(a.type)));
}

function typeNamedBy(schema: GraphQLSchema, name: string, about: readonly string[]): string | undefined {
  if (name === 'id') return about[0];
  if (!name.endsWith('Id')) return undefined;
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1, -2)}`;
  return isEntity(schema, type) ? type : about.find((each) => each.endsWith(type));
}
