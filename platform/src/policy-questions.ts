import { getNamedType, type GraphQLField, type GraphQLInputType, type GraphQLSchema, isInputObjectType, isObjectType } from 'graphql';
import { badInput } from './errors.ts';
import type { Question, Thing } from './policy-request.ts';

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
  things: typeof id === 'string' ? [{ type: typeName, id }] : [],
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
  const sources = sourcesOf(schema, field);
  return (args) => ({ action, groups, things: thingsIn(args, sources) });
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
  /** The names that lead there from the arguments; a list on the way means each of its entries. */
  readonly path: readonly string[];
}

/** How much a single field may name while policies are asked about it. */
const mostThings = 500;

/** Everything that a field's arguments name, each thing once. Throws BAD_USER_INPUT beyond 500. */
function thingsIn(args: unknown, sources: readonly Source[]): Thing[] {
  const things = new Map<string, Thing>();
  for (const { type, path } of sources) {
    for (const id of valuesAt(args, path)) if (typeof id === 'string') things.set(`${type} ${id}`, { type, id });
    if (things.size > mostThings) throw badInput([{ path: path.join('.'), message: `must name at most ${mostThings} things at once` }]);
  }
  return [...things.values()];
}

function valuesAt(value: unknown, [name, ...rest]: readonly string[]): unknown[] {
  if (Array.isArray(value)) return value.flatMap((each) => valuesAt(each, name === undefined ? [] : [name, ...rest]));
  if (name === undefined) return [value];
  if (typeof value !== 'object' || value === null) return [];
  return valuesAt((value as Readonly<Record<string, unknown>>)[name], rest);
}

/** Where a field's arguments name entities, however deep: by `id` the one that it gives, by `productId` or `productIds` products. */
export function sourcesOf(schema: GraphQLSchema, field: Field): Source[] {
  const about = entitiesAbout(schema, field);
  return field.args
    .flatMap(({ name, type }) => pathsIn(name, type))
    .flatMap((path) => {
      const type = typeNamedBy(schema, path, about);
      return type ? [{ type, path }] : [];
    });
}

/** The names that lead to each value of an argument; an input inside itself is not gone into again. */
function pathsIn(name: string, type: GraphQLInputType, around: readonly string[] = []): string[][] {
  const input = getNamedType(type);
  if (!isInputObjectType(input)) return [[name]];
  if (around.includes(input.name)) return [];
  return Object.values(input.getFields()).flatMap((each) =>
    pathsIn(each.name, each.type, [...around, input.name]).map((path) => [name, ...path]),
  );
}

function typeNamedBy(schema: GraphQLSchema, path: readonly string[], about: readonly string[]): string | undefined {
  const name = path.at(-1) ?? '';
  // Deeper ones belong to something else, whose type stands beside them.
  if (name === 'id' || name === 'ids') return path.length <= 2 ? about[0] : undefined;
  const [, stem] = /^(\w+)Ids?$/.exec(name) ?? [];
  return stem && entityCalled(schema, `${stem.charAt(0).toUpperCase()}${stem.slice(1)}`, about);
}

/** `Product` is itself, `Variant` the one entity whose name ends so, `AddMembership` a membership. */
function entityCalled(schema: GraphQLSchema, called: string, about: readonly string[]): string | undefined {
  if (schema.getType(called)) return isEntity(schema, called) ? called : undefined;
  const near = about.find((each) => each.endsWith(called));
  if (near) return near;
  const [only, another] = Object.keys(schema.getTypeMap()).filter((each) => each.endsWith(called) && isEntity(schema, each));
  if (only && !another) return only;
  const rest = called.replace(/^[A-Z][a-z0-9]*/, '');
  return rest && rest !== called ? entityCalled(schema, rest, about) : undefined;
}
