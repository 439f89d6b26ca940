import fc from 'fast-check';
import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';
import type { Value } from './operation-model.ts';

/** Values that find something in a world's data, by argument's or scalar's name. */
export type Hints = Readonly<Record<string, readonly unknown[]>>;

export const usualHints: Hints = {
  ID: ['1', '2', '3', 'unknown'],
  String: ['1', 'T', '"\\', ''],
  Int: [0, 1, 2, 7],
  Float: [0.5, 2],
  Boolean: [true, false],
};

const deepestInput = 2;

type Position = GraphQLArgument | GraphQLInputField;
interface Place {
  readonly hints: Hints;
  readonly name: string;
  /** Closed values hold no variables: they are sent themselves, or stand as a default. */
  readonly closed: boolean;
  readonly depth: number;
}

/** Draws a field's arguments; optional ones are left out now and then. */
export const argumentsOf = (args: readonly GraphQLArgument[], hints: Hints): fc.Arbitrary<Record<string, Value>> =>
  valuesOf(args, { hints, closed: false, depth: deepestInput });

function valuesOf(positions: readonly Position[], place: Omit<Place, 'name'>): fc.Arbitrary<Record<string, Value>> {
  const isRequired = ({ type, defaultValue }: Position) => isNonNullType(type) && defaultValue === undefined;
  const usable = positions.filter((position) => isRequired(position) || place.depth > 0 || !isInputObjectType(getNamedType(position.type)));
  const values = Object.fromEntries(usable.map((position) => [position.name, valueAt(position, { ...place, name: position.name })]));
  return fc.record(values, { requiredKeys: usable.filter(isRequired).map(({ name }) => name), noNullPrototype: true });
}

function valueAt({ type, defaultValue }: Pick<Position, 'type' | 'defaultValue'>, place: Place): fc.Arbitrary<Value> {
  const written = maybeNull(type, place);
  if (place.closed) return written;
  const mayBeAbsent = !isNonNullType(type) || defaultValue !== undefined;
  const sent = fc.record({
    kind: fc.constant('variable' as const),
    type: fc.constant(String(type)),
    form: fc.constantFrom('given' as const, 'default' as const, ...(mayBeAbsent ? ['absent' as const] : [])),
    value: maybeNull(type, { ...place, closed: true }),
  });
  return fc.oneof({ arbitrary: written, weight: 3 }, { arbitrary: sent, weight: 2 });
}

function maybeNull(type: GraphQLInputType, place: Place): fc.Arbitrary<Value> {
  if (isNonNullType(type)) return present(type.ofType, place);
  return fc.option(present(type, place), { freq: 8, nil: leaf(null) });
}

function present(type: GraphQLInputType, place: Place): fc.Arbitrary<Value> {
  if (isNonNullType(type)) return present(type.ofType, place);
  if (isListType(type)) {
    const items = fc.array(valueAt({ type: type.ofType, defaultValue: undefined }, place), { maxLength: 3 });
    const list = items.map((drawn): Value => ({ kind: 'list', items: drawn }));
    // One item may stand for a list of one.
    return fc.oneof({ arbitrary: list, weight: 4 }, { arbitrary: present(type.ofType, { ...place, closed: true }), weight: 1 });
  }
  if (isEnumType(type)) return fc.constantFrom(...type.getValues()).map(({ name }) => leaf(name, name));
  if (isInputObjectType(type)) {
    const fields = valuesOf(Object.values(type.getFields()), { ...place, depth: place.depth - 1 });
    return fields.map((drawn): Value => ({ kind: 'object', fields: drawn }));
  }
  const values = place.hints[place.name] ?? place.hints[type.name] ?? usualHints['String'] ?? [];
  return fc.constantFrom(...values).map((json) => leaf(json));
}

const leaf = (json: unknown, literal = literalOf(json)): Value => ({ kind: 'leaf', literal, json });

/** JSON as a GraphQL literal: names of fields are not quoted. */
function literalOf(json: unknown): string {
  if (Array.isArray(json)) return `[${json.map(literalOf).join(', ')}]`;
  if (json === null || typeof json !== 'object') return JSON.stringify(json);
  return `{ ${Object.entries(json)
    .map(([name, value]) => `${name}: ${literalOf(value)}`)
    .join(', ')} }`;
}
