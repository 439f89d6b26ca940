import fc from 'fast-check';
import { execute, GraphQLObjectType, type GraphQLScalarType, GraphQLSchema, GraphQLString, parse } from 'graphql';
import { createLog } from '../src/log.ts';
import { bigIntScalar, scalarResolvers } from '../src/scalars.ts';
import { publicErrors } from '../src/subgraph.ts';

const scalars = Object.entries(scalarResolvers) as [string, GraphQLScalarType][];
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: Object.fromEntries(
      scalars.map(([name, type]) => [name, { type: GraphQLString, args: { value: { type } }, resolve: () => 'ok' }]),
    ),
  }),
});
const log = createLog('silent', 'test');
const ask = async (document: string, value?: unknown) => {
  const { errors = [] } = await execute({ schema, document: parse(document), variableValues: { value } });
  return publicErrors(errors, log).map(({ extensions }) => extensions?.['code']);
};

test('a whole number of any size goes in and comes out exactly: as a number while that is exact, else as digits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (whole) => {
      const shown = bigIntScalar.serialize(whole);
      expect(shown).toBe(Number.isSafeInteger(Number(whole)) ? Number(whole) : String(whole));
      expect(BigInt(bigIntScalar.parseValue(String(whole)))).toBe(whole);
      expect(bigIntScalar.serialize(bigIntScalar.parseValue(shown))).toBe(shown);
    }),
  );
});

test.each([1.5, 2 ** 53, NaN, '', '1.0', ' 1', '01', '0x1f', 'x', true, null, {}, [1]])(
  '%j is no whole number, which is said with what to send',
  (value) => {
    expect(() => bigIntScalar.parseValue(value)).toThrow(/must be a whole number; one beyond 9007199254740991 is sent as a string/);
  },
);

test('whole numbers stand in documents as numbers or as strings', async () => {
  for (const value of ['7', '"7"', '-9007199254740993', '"123456789012345678901234567890"'])
    expect(await ask(`{ BigInt(value: ${value}) }`)).toEqual([]);
});

test.each(scalars.map(([name]) => name))(
  'whatever a client sends as %s is taken or is the client’s mistake, never an error of ours',
  async (name) => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expect(await ask(`query ($value: ${name}) { ${name}(value: $value) }`, value)).not.toContain('INTERNAL_SERVER_ERROR');
      }),
    );
  },
);
