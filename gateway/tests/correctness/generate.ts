import fc from 'fast-check';
import {
  doTypesOverlap,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isUnionType,
} from 'graphql';
import { argumentsOf, type Hints, usualHints } from './generate-values.ts';
import type { Condition, OperationModel, Selection, Value } from './operation-model.ts';

const deepest = 5;
/** Draws operations of a schema: nested, aliased, with fragments, conditions, variables and introspection. */
export function operations(schema: GraphQLSchema, hints: Hints): fc.Arbitrary<OperationModel> {
  const draw = createDrawer(schema, { ...usualHints, ...hints });
  const query = schema.getQueryType();
  const mutation = schema.getMutationType();
  if (!query) throw new Error('a schema without queries');
  const queries = fc
    .tuple(draw.selections(query, deepest), seldom(draw.introspection, undefined, 20))
    .map(([selections, introspection]) => ({
      operation: 'query' as const,
      selections: introspection ? [...selections, introspection] : selections,
    }));
  if (!mutation) return queries;
  const mutations = draw.selections(mutation, deepest).map((selections) => ({ operation: 'mutation' as const, selections }));
  return fc.oneof({ arbitrary: queries, weight: 3 }, { arbitrary: mutations, weight: 2 });
}

interface Drawer {
  selections(type: GraphQLCompositeType, depth: number): fc.Arbitrary<Selection[]>;
  readonly introspection: fc.Arbitrary<Selection>;
}

/** Mostly nothing, now and then something. */
const seldom = <T, N>(arbitrary: fc.Arbitrary<T>, otherwise: N, weight: number): fc.Arbitrary<T | N> =>
  fc.oneof({ arbitrary: fc.constant(otherwise), weight }, { arbitrary, weight: 1 });

const condition: fc.Arbitrary<Condition> = fc.record({
  directive: fc.constantFrom('include', 'skip'),
  value: fc.boolean(),
  asVariable: fc.boolean(),
});
const conditions: fc.Arbitrary<Condition[]> = seldom(fc.array(condition, { minLength: 1, maxLength: 2 }), [], 8);

function createDrawer(schema: GraphQLSchema, hints: Hints): Drawer {
  const drawn = new Map<string, fc.Arbitrary<Selection[]>>();
  // Names of other fields on purpose: what a client calls something must not meet what a plan calls so.
  const aliases = seldom(fc.constantFrom('a', 'b', 'c', ...commonFieldNames(schema), 'constructor', '__proto__'), undefined, 4);

  const selections = (type: GraphQLCompositeType, depth: number): fc.Arbitrary<Selection[]> => {
    const key = `${type.name} ${depth}`;
    const known = drawn.get(key) ?? fc.array(selectionOf(type, depth), { minLength: 1, maxLength: depth > 3 ? 4 : 3, size: 'max' });
    drawn.set(key, known);
    return known;
  };

  const selectionOf = (type: GraphQLCompositeType, depth: number): fc.Arbitrary<Selection> => {
    const fields = isUnionType(type) ? [] : Object.values(type.getFields());
    const leaves = fields.filter((field) => !isCompositeType(getNamedType(field.type)));
    const usable = depth > 0 ? fields : leaves;
    const typename = field('__typename', fc.constant({}), undefined);
    const parts = [{ arbitrary: typename, weight: usable.length > 0 ? 1 : 4 }];
    if (usable.length > 0)
      parts.push({ arbitrary: fc.oneof(...usable.map((one) => fieldOf(one, depth))), weight: isAbstractType(type) ? 6 : 10 });
    if (depth > 0) {
      const weight = isAbstractType(type) ? 8 : type === schema.getMutationType() ? 3 : 1;
      parts.push({ arbitrary: fc.oneof(...overlapping(type).map((on) => fragmentOn(type, on, depth))), weight });
      parts.push({
        arbitrary: fc.record({ kind: fc.constant('again' as const), pick: fc.nat(5), parent: fc.constant(type.name), conditions }),
        weight: 1,
      });
    }
    return fc.oneof(...parts);
  };

  const field = (
    name: string,
    args: fc.Arbitrary<Record<string, Value>>,
    children: fc.Arbitrary<Selection[]> | undefined,
  ): fc.Arbitrary<Selection> =>
    fc.record({
      kind: fc.constant('field' as const),
      name: fc.constant(name),
      alias: aliases,
      args,
      conditions,
      children: children ?? fc.constant(undefined),
    });

  const fieldOf = ({ name, args, type }: GraphQLField<unknown, unknown>, depth: number): fc.Arbitrary<Selection> => {
    const inner = getNamedType(type);
    const children = isCompositeType(inner) ? selections(inner, depth - 1) : undefined;
    return field(name, argumentsOf(args, hints), children);
  };

  const overlapping = (type: GraphQLCompositeType): GraphQLCompositeType[] =>
    Object.values(schema.getTypeMap()).filter(
      (other): other is GraphQLCompositeType =>
        isCompositeType(other) && !other.name.startsWith('__') && doTypesOverlap(schema, type, other),
    );

  const fragmentOn = (parent: GraphQLCompositeType, on: GraphQLCompositeType, depth: number): fc.Arbitrary<Selection> =>
    fc.record({
      kind: fc.constant('fragment' as const),
      named: fc.boolean(),
      on: on === parent ? fc.constantFrom(on.name, undefined) : fc.constant(on.name),
      parent: fc.constant(parent.name),
      conditions,
      children: selections(on, depth - 1),
    });

  const plain = (name: string, children?: Selection[], args: Record<string, Value> = {}): Selection => ({
    kind: 'field',
    name,
    alias: undefined,
    args,
    conditions: [],
    children,
  });
  const typeNames = Object.keys(schema.getTypeMap()).filter((name) => !name.startsWith('__'));
  const introspection = fc.oneof(
    fc.constant(plain('__schema', [plain('queryType', [plain('name')]), plain('types', [plain('name'), plain('kind')])])),
    fc.constantFrom(...typeNames).map((name) =>
      plain(
        '__type',
        [
          plain('name'),
          plain('fields', [plain('name'), plain('type', [plain('name'), plain('kind')])]),
          plain('enumValues', [plain('name')]),
        ],
        {
          name: { kind: 'leaf', literal: JSON.stringify(name), json: name },
        },
      ),
    ),
  );
  return { selections, introspection };
}

/** Names of scalar fields that several types have, such as keys. */
function commonFieldNames(schema: GraphQLSchema): string[] {
  const counts = new Map<string, number>();
  for (const type of Object.values(schema.getTypeMap()))
    if (isCompositeType(type) && !isUnionType(type) && !type.name.startsWith('__'))
      for (const name of Object.keys(type.getFields())) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 6)
    .map(([name]) => name);
}
