import type { FetchNode, PlanNode } from '@apollo/query-planner';
import { buildSchema, type GraphQLObjectType, Kind, type OperationDefinitionNode, OperationTypeNode, parse } from 'graphql';
import { type Coverage, coverageAt, coverageOf, holesIn, showHoles } from '../../src/engine/holes.ts';
import { type ObjectShape, shapeOf } from '../../src/engine/shape.ts';
import { conflict } from '@supergraph/platform/errors';
import { fixture } from '../fixtures.ts';
import { smallGraph } from './small-graph.ts';

const thing = { id: 't1' };

/** Gives things of an interface, but knows none of the types behind it. */
const nodes = fixture(
  'nodes',
  `type Query @public { node: Node nodes: [Node!]! other: Int wrap: Wrap shelf: [Media!]! }
  type Subscription @public { nodeChanged: Node }
  type Wrap @public { name: String node: Node }
  interface Node @key(fields: "id") { id: ID! }
  interface Media { id: ID! }
  type Book implements Media @key(fields: "id") @public { id: ID! }`,
  {
    Query: {
      node: () => thing,
      nodes: () => [thing],
      other: () => 1,
      wrap: () => ({ name: 'box', node: thing }),
      shelf: () => [{ __typename: 'Book', id: 'b1' }],
    },
    Subscription: {
      nodeChanged: {
        subscribe: async function* () {
          yield { nodeChanged: thing };
        },
      },
    },
    Node: {
      __resolveType: () => {
        throw conflict('what stands here is of no type');
      },
    },
  },
);
const labels = fixture(
  'labels',
  `type Query @public { labeled: Node }
  type Subscription @public { labeledChanged: Node }
  type Node @key(fields: "id", resolvable: false) @interfaceObject @public { id: ID! label: String }
  interface Media { id: ID! }
  type Film implements Media @key(fields: "id") @public { id: ID! minutes: Int title: String! maker: Maker }
  type Maker @public { name: String }`,
  { Query: { labeled: () => ({ id: 'n1', label: 'one' }) } },
);
const giveNodes = (data: Record<string, unknown>) => {
  nodes.disturb = () => Promise.resolve({ data });
};
const ours = { code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) };
const masked = { message: 'something went wrong on our side', extensions: ours };
const told = { message: 'what stands here is of no type', extensions: { code: 'CONFLICT' } };
const hole = (...path: (string | number)[]) => ({ message: 'no subgraph can answer this field', path, extensions: ours });

beforeEach(() => {
  nodes.disturb = undefined;
});

describe.each([['generated code', true] as const, ['closures', false] as const])('an operation written by %s', (_, generateCode) => {
  const graph = smallGraph([nodes, labels], generateCode);

  test.each([
    ['{ node { label } }', { node: null }, ['node']],
    ['{ wrap { node { label } name } }', { wrap: { node: null, name: 'box' } }, ['wrap', 'node']],
    ['{ nodes { label } other }', null, ['nodes', 0]],
    ['{ alias: node { text: label } }', { alias: null }, ['alias']],
    ['{ ... on Query { node { ...Label } } } fragment Label on Node { label }', { node: null }, ['node']],
  ])('asks for an interface whose fields nobody has, and its owner says what stands there: %s', async (document, data, path) => {
    expect(await graph.run(document)).toEqual({ data, errors: [{ ...told, path }] });
  });

  test('says nothing where the owner has nothing', async () => {
    giveNodes({ node: null });
    expect(await graph.run('{ node { label } }')).toEqual({ data: { node: null }, errors: [] });
  });

  test('shows a hole where an object comes that lacks what nobody can answer', async () => {
    giveNodes({ node: { id: 'x' }, nodes: [{ id: 'y' }] });
    expect(await graph.run('{ node { id label } nodes { text: label } }')).toEqual({
      data: { node: { id: 'x', label: null }, nodes: [{ text: null }] },
      errors: [hole('node', 'label'), hole('nodes', 0, 'text')],
    });
  });

  test('types that a subgraph never gives make no errors', async () => {
    const document = '{ shelf { id ... on Film { minutes title maker { name } } } }';
    expect(await graph.run(document)).toEqual({ data: { shelf: [{ id: 'b1' }] }, errors: [] });
  });

  test('until one of them comes', async () => {
    giveNodes({
      shelf: [
        { __typename: 'Book', id: 'b1' },
        { __typename: 'Film', id: 'f1' },
      ],
    });
    const document = '{ shelf { id ... on Film { minutes maker { name } } } }';
    expect(await graph.run(document)).toEqual({
      data: { shelf: [{ id: 'b1' }, { id: 'f1', minutes: null, maker: null }] },
      errors: [hole('shelf', 1, 'minutes'), hole('shelf', 1, 'maker')],
    });
  });

  test('a hole that may not be null takes its object with it', async () => {
    giveNodes({ shelf: [{ __typename: 'Film', id: 'f1' }], other: 1 });
    expect(await graph.run('{ other shelf { id ... on Film { title } } }')).toEqual({ data: null, errors: [hole('shelf', 0, 'title')] });
  });

  test('what is skipped is no hole', async () => {
    const document = 'query ($yes: Boolean!) { node { id label @include(if: $yes) } }';
    giveNodes({ node: { id: 'x' } });
    expect(await graph.run(document, { yes: false })).toEqual({ data: { node: { id: 'x' } }, errors: [] });
    expect(await graph.run(document, { yes: true })).toEqual({ data: { node: { id: 'x', label: null } }, errors: [hole('node', 'label')] });
  });
});

describe('what nobody can answer', () => {
  test('is logged once, with the id that every client is told', async () => {
    const graph = smallGraph([nodes, labels]);
    giveNodes({ wrap: { node: { id: 'x' } } });
    const document = parse('{ wrap { node { text: label id } } }');
    const [first, second] = [await graph.run(document), await graph.run(document)];
    expect(first.errors).toEqual([hole('wrap', 'node', 'text')]);
    expect(second.errors).toEqual(first.errors);
    expect(graph.logged).toEqual(['no subgraph can answer wrap.node.text']);
  });

  test('is not deferred, so that it is missed', async () => {
    const graph = smallGraph([nodes, labels]);
    expect(await graph.runInParts('{ other wrap { name ... @defer { node { label } title: name } } }')).toEqual([
      { data: { other: 1, wrap: { name: 'box', node: null, title: 'box' } }, errors: [{ ...told, path: ['wrap', 'node'] }] },
    ]);
    giveNodes({ wrap: { node: { id: 'x' } } });
    expect(await graph.runInParts('{ wrap { ... @defer { node { id label } } } }')).toEqual([
      { data: { wrap: { node: { id: 'x', label: null } } }, errors: [hole('wrap', 'node', 'label')] },
    ]);
  });

  test('does not keep another operation from being deferred', async () => {
    const graph = smallGraph([nodes, labels]);
    expect(await graph.runInParts('{ other ... @defer { wrap { name } } }')).toEqual([
      { data: { other: 1 }, errors: [] },
      { path: [], data: { wrap: { name: 'box' } }, errors: [] },
    ]);
  });

  test('is an error of an event', async () => {
    const graph = smallGraph([nodes, labels]);
    expect(await graph.listen('subscription { nodeChanged { label } }')).toEqual([
      { data: { nodeChanged: null }, errors: [{ ...told, path: ['nodeChanged'] }] },
    ]);
  });
});

describe('an operation that the planner gives up on', () => {
  const graph = smallGraph([nodes, labels]);
  const answer = { data: null, errors: [masked] };

  test('is answered with a masked error', async () => {
    expect(await graph.run('{ labeled { id __typename } other }')).toEqual(answer);
    expect(graph.logged.at(-1)).toContain('Node');
  });
  test('also in parts', async () => {
    expect(await graph.runInParts('{ other ... @defer { labeled { id __typename } } }')).toEqual([answer]);
  });
  test('also as a subscription', async () => {
    expect(await graph.listen('subscription { labeledChanged { id __typename } }')).toEqual([answer]);
  });
  test('is planned without parts where only they are what it cannot do', async () => {
    giveNodes({ nodes: [] });
    expect(await graph.runInParts('{ nodes { id ... @defer { label } } }')).toEqual([{ data: { nodes: [] }, errors: [] }]);
  });
});

const fetch = (operation: string, more: Partial<FetchNode> = {}): FetchNode => ({
  kind: 'Fetch',
  serviceName: 'any',
  operation,
  operationName: undefined,
  operationKind: OperationTypeNode.QUERY,
  ...more,
});
const keysOf = (coverage: Coverage): unknown => Object.fromEntries([...coverage].map(([key, below]) => [key, keysOf(below)]));
const covered = (node: PlanNode) => keysOf(coverageOf({ kind: 'QueryPlan', node }));

describe('what a plan covers', () => {
  test('is what its fetches ask for, by response key', () => {
    const operation = '{ a b: c(x: 1) { d ...F ... on Type { e } } } fragment F on Type { f { g } }';
    expect(covered(fetch(operation))).toEqual({ a: {}, b: { d: {}, f: { g: {} }, e: {} } });
  });
  test('is merged over sequences, parallels, conditions and deferred parts', () => {
    const one = (name: string) => fetch(`{ same { ${name} } }`);
    expect(
      covered({
        kind: 'Defer',
        primary: {
          node: {
            kind: 'Sequence',
            nodes: [
              one('a'),
              { kind: 'Parallel', nodes: [one('b'), { kind: 'Condition', condition: 'x', ifClause: one('c'), elseClause: one('d') }] },
            ],
          },
        },
        deferred: [
          { depends: [], queryPath: [], node: one('e') },
          { depends: [], queryPath: [] },
        ],
      }),
    ).toEqual({ same: { a: {}, b: {}, c: {}, d: {}, e: {} } });
  });
  test('of entities stands where they are', () => {
    const entities = fetch('query($representations:[_Any!]!){_entities(representations:$representations){... on A { x } ... on B { y }}}', {
      requires: [],
    });
    expect(covered({ kind: 'Flatten', path: ['list', '@', 'one'], node: entities })).toEqual({ list: { one: { x: {}, y: {} } } });
  });
  test('has renamed fields under their last name, too', () => {
    const path = ['list', '... on A', 'size__alias_0'];
    const renamed = fetch('{ list { ... on A { size__alias_0: size { unit } } } }', {
      outputRewrites: [{ kind: 'KeyRenamer', path, renameKeyTo: 'size' }],
    });
    expect(covered(renamed)).toEqual({ list: { size__alias_0: { unit: {} }, size: { unit: {} } } });
  });
  test('of a subscription is its event and the rest', () => {
    const node = { kind: 'Subscription' as const, primary: fetch('subscription { a { b } }'), rest: fetch('{ c }') };
    expect(keysOf(coverageOf({ kind: 'QueryPlan', node }))).toEqual({ a: { b: {} }, c: {} });
  });
  test('is nothing where there is no plan, or nothing was asked', () => {
    expect(keysOf(coverageOf({ kind: 'QueryPlan' }))).toEqual({});
    expect(keysOf(coverageAt(coverageOf({ kind: 'QueryPlan', node: fetch('{ a { b } }') }), ['x', '@', 'b']))).toEqual({});
  });
});

describe('holes of a shape', () => {
  const schema = buildSchema(`
    type Query { left: Person right: Person all: [[Being!]!]! }
    interface Being { name: String }
    type Person implements Being { name: String friend: Person }
    type Robot implements Being { name: String maker: Person }`);
  const shapeFor = (text: string): ObjectShape => {
    const document = parse(text);
    const [operation] = document.definitions as [OperationDefinitionNode];
    const fragments = new Map(
      document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])),
    );
    const options = { schema, fragments, names: new Map(), typeKey: '_type', closed: new Map() };
    return shapeOf(options, schema.getQueryType() as GraphQLObjectType, [operation.selectionSet]);
  };
  const coverage = (text: string) => coverageOf({ kind: 'QueryPlan', node: fetch(text) });
  const pathsOf = (shape: ObjectShape, by: string) => holesIn(shape, coverage(by)).map(({ path }) => path.join('.'));

  test('are told apart by their places though a shape is shared', () => {
    const shape = shapeFor('{ left { ...P } right { ...P } } fragment P on Person { name friend { name } }');
    const by = '{ left { name friend { name } } right { name friend { id: name } } }';
    expect(pathsOf(shape, by)).toEqual(['right.friend.name']);
    const [left, right] = showHoles(shape, coverage(by), () => () => ({ message: '', extensions: {} })).fields;
    expect(left).toBe(shape.fields[0]);
    expect(right).not.toBe(shape.fields[1]);
  });
  test('are shown once, the highest of them only', () => {
    expect(pathsOf(shapeFor('{ left { name friend { name } } right { name } }'), '{ left { name } }')).toEqual(['left.friend', 'right']);
  });
  test('are looked for in lists and in each type', () => {
    const shape = shapeFor('{ all { name ... on Robot { maker { name } } ... on Person { friend { name } } } }');
    expect(pathsOf(shape, '{ all { name maker { name } } }')).toEqual(['all.friend']);
  });
  test('leave a shape that is covered as it was', () => {
    const shape = shapeFor('{ all { __typename name } __typename }');
    expect(showHoles(shape, coverage('{ all { name } }'), () => () => ({ message: '', extensions: {} }))).toBe(shape);
  });
});
