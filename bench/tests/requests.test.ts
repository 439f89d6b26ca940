import { requestWriter } from '../load/requests.ts';

const plan = { port: 4_000, path: '/graphql', query: '{ users { id } }' };

function parts(request: Buffer): { head: string; body: Record<string, unknown>; length: number } {
  const [head = '', body = ''] = request.toString().split('\r\n\r\n');
  return { head, body: JSON.parse(body) as Record<string, unknown>, length: Buffer.byteLength(body) };
}

test('distinct requests differ in a header and in their variables, and weigh the same', () => {
  const write = requestWriter({ ...plan, distinct: true });
  const [one, other] = [parts(write(7)), parts(write(1_234_567))];
  expect(one.head).toContain('x-request-number: 0000000007');
  expect(one.body).toEqual({ query: plan.query, variables: { request: '0000000007' } });
  expect(other.head).toContain('x-request-number: 0001234567');
  expect(other.body['variables']).toEqual({ request: '0001234567' });
  expect(one.head).toContain(`content-length: ${one.length}`);
  expect(other.length).toBe(one.length);
});

test('a request that is written later leaves earlier ones as they are', () => {
  const write = requestWriter({ ...plan, distinct: true });
  const first = write(1);
  write(2);
  expect(parts(first).body['variables']).toEqual({ request: '0000000001' });
});

test('identical requests are identical', () => {
  const write = requestWriter({ ...plan, distinct: false });
  expect(write(1).equals(write(2))).toBe(true);
});
