import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';
import type { Kinship } from './kinship.ts';
import { findIn, type SdlFacts, type TypeFacts } from './sdl-facts.ts';
import { type Arguments, type Data, type Fields, given, provided, type Row, type WorldDefinition } from './world-definition.ts';

/** A subgraph of a world. */
export interface Owner {
  readonly name: string;
  readonly types: SdlFacts;
  readonly definition: WorldDefinition;
  readonly kinship: Kinship;
  readonly ask: (fields: Fields, typeName: string, fieldName: string, row: Row, args: Arguments) => unknown;
  readonly rows: () => Data;
}

/** The resolvers of one subgraph: each field as the world means it, of what this subgraph may know. */
export function resolversOf(owner: Owner): object {
  return Object.fromEntries(
    [...owner.types.values()].map((type) => [
      type.name,
      {
        ...(type.keys.length > 0 ? { __resolveReference: (reference: Row) => findEntity(owner, type, reference) } : {}),
        ...(type.isInterface
          ? { __resolveType: ({ __typename }: Row) => __typename }
          : Object.fromEntries([...type.fields.keys()].map((field) => [field, resolverOf(owner, type, field)]))),
      },
    ]),
  );
}

function resolverOf(owner: Owner, type: TypeFacts, fieldName: string) {
  const { definition, ask, name } = owner;
  const field = type.fields.get(fieldName);
  const special = definition.own?.[name]?.[type.name]?.[fieldName];
  const fields: Fields = special ? { [type.name]: { [fieldName]: special } } : definition.fields;
  return (source: Row | undefined, args: Arguments, _: unknown, info: GraphQLResolveInfo): unknown => {
    const row: Row = source ?? {};
    if (field?.external) return externalValue(owner, type, row, info, args);
    const known = field?.requires ? requiredOf(owner, type, row, field.requires) : row;
    const value = ask(fields, type.name, fieldName, known, args);
    return field?.provides ? mark(value, field.provides) : value;
  };
}

/** A subgraph that does not own a field knows it only where a `@provides` says so. */
function externalValue(
  { definition, ask, kinship }: Owner,
  type: TypeFacts,
  row: Row,
  { fieldName }: GraphQLResolveInfo,
  args: Arguments,
): unknown {
  const set = row[provided];
  const applies = (condition: string) => condition === type.name || kinship.interfacesOf(type.name).includes(condition);
  const below = set ? findIn(set, fieldName, applies) : null;
  if (below === null) throw new Error(`${type.name}.${fieldName} was asked of a subgraph that does not own it`);
  const value = ask(definition.fields, type.name, fieldName, row, args);
  return below ? mark(value, below) : value;
}

/** What a field with `@requires` may see: its own, and of others what was handed over or provided. Throws where that is not all. */
function requiredOf(owner: Owner, type: TypeFacts, row: Row, { selections }: SelectionSetNode): Row {
  const known = { ...withoutExternals(owner, type, row), ...row[given] };
  for (const selection of selections)
    if (selection.kind === Kind.FIELD && known[selection.name.value] === undefined)
      throw new Error(`${type.name} was asked for a field without ${selection.name.value}, which it requires`);
  return known;
}

/** Nothing of others but what was provided. */
function withoutExternals(owner: Owner, type: TypeFacts, row: Row): Row {
  const set = row[provided];
  const seen: Row = { ...row };
  for (const [name, { external }] of type.fields)
    if (external && !(set && findIn(set, name, (condition) => condition === type.name) !== null)) delete seen[name];
  return seen;
}

function mark(value: unknown, set: SelectionSetNode): unknown {
  if (Array.isArray(value)) return value.map((item) => mark(item, set));
  return value && typeof value === 'object' ? { ...value, [provided]: set } : value;
}

function findEntity({ name, definition, kinship, ask, rows }: Owner, type: TypeFacts, reference: Row): Row | null {
  const candidates = kinship.objectsOf(type.name).flatMap((object) => rows()[object] ?? []);
  const fits = (set: SelectionSetNode, typeName: string, row: Row, wanted: Row): boolean =>
    set.selections.every((selection) => {
      if (selection.kind !== Kind.FIELD) return false;
      const field = selection.name.value;
      const actual = ask(definition.fields, typeName, field, row, {});
      return agree(
        actual,
        wanted[field],
        (item, part) => !selection.selectionSet || fits(selection.selectionSet, item.__typename ?? '', item, part),
      );
    });
  const found = type.keys.map((key) => candidates.find((row) => fits(key, row.__typename ?? type.name, row, reference))).find(Boolean);
  if (!found || definition.missing?.[name]?.(found)) return null;
  return { ...found, [given]: reference };
}

function agree(actual: unknown, wanted: unknown, sameObject: (actual: Row, wanted: Row) => boolean): boolean {
  if (actual === null || actual === undefined || wanted === null || wanted === undefined) return false;
  if (Array.isArray(actual))
    return (
      Array.isArray(wanted) && actual.length === wanted.length && actual.every((item, index) => agree(item, wanted[index], sameObject))
    );
  if (typeof actual === 'object') return typeof wanted === 'object' && sameObject(actual, wanted);
  // An ID may travel as a number.
  return JSON.stringify(actual).replaceAll('"', '') === JSON.stringify(wanted).replaceAll('"', '');
}
