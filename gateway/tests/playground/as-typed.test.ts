import type { Fetcher } from '@graphiql/toolkit';
import { Kind, parse } from 'graphql';
import { asTyped } from '../../playground/as-typed.ts';

interface Sent {
  readonly parameters: Parameters<Fetcher>[0];
  readonly options: Parameters<Fetcher>[1];
}

function send(query: string, operationName: string | undefined, behind = '{ old }'): Sent {
  let sent: Sent | undefined;
  const fetcher: Fetcher = (parameters, options) => {
    sent = { parameters, options };
    return Promise.resolve({ data: null });
  };
  void asTyped(fetcher)({ query, operationName }, { headers: { 'x-own': '1' }, documentAST: parse(behind) });
  return sent as unknown as Sent;
}

/** The operations of the document by which the transport is chosen. */
const known = ({ options }: Sent) =>
  options?.documentAST?.definitions.flatMap((one) =>
    one.kind === Kind.OPERATION_DEFINITION ? [`${one.operation} ${one.name?.value}`] : [],
  );

describe('what is run right after a change of tab', () => {
  test('goes out under its own name and as what it is', () => {
    const sent = send('subscription News { news }', 'Shop', 'query Shop { products }');
    expect(sent.parameters.operationName).toBe('News');
    expect(known(sent)).toEqual(['subscription News']);
    expect(sent.options?.headers).toEqual({ 'x-own': '1' });
  });
  test('has no name where its only operation has none', () => {
    expect(send('{ products }', 'News').parameters.operationName).toBeUndefined();
  });
  test('is the operation that was chosen where there are several', () => {
    const both = 'query Shop { products } subscription News { news }';
    expect(send(both, 'News').parameters.operationName).toBe('News');
    expect(send(both, 'Shop').parameters.operationName).toBe('Shop');
    // The server says that one has to be named.
    expect(send(both, undefined).parameters.operationName).toBeUndefined();
  });
  test('is sent as it stands where it cannot be read', () => {
    const sent = send('subscription {', 'Shop');
    expect(sent.parameters).toEqual({ query: 'subscription {', operationName: 'Shop' });
    expect(known(sent)).toEqual(['query undefined']);
  });
});
