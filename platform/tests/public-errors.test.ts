import { buildSchema, graphql } from 'graphql';
import { createLog } from '../src/log.ts';
import { publicErrors } from '../src/subgraph.ts';

const log = createLog('silent', 'test');
const schema = buildSchema('type Query { product: Product } type Product { title: String! secret: String! }');
const errorsOf = async (product: object) =>
  (await graphql({ schema, source: '{ product { title secret } }', rootValue: { product } })).errors ?? [];
const masked = { message: 'something went wrong on our side', extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) } };

test('in development a field without a value is named, so that whoever adds it knows which resolver is missing', async () => {
  const errors = await errorsOf({ title: 'Kettle' });
  const [inDevelopment] = publicErrors(errors, log, true);
  expect(inDevelopment).toMatchObject(masked);
  expect(inDevelopment?.extensions?.['found']).toBe('Cannot return null for non-nullable field Product.secret.');
  expect(publicErrors(errors, log)[0]?.extensions).toEqual(masked.extensions);
});

test('what code throws stays masked in development, too', async () => {
  const errors = await errorsOf({
    title: 'Kettle',
    secret: () => {
      throw new Error('password hunter2 was refused');
    },
  });
  expect(publicErrors(errors, log, true)[0]?.extensions).toEqual(masked.extensions);
});
