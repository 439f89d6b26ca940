import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { Defer20220824Handler } from '@apollo/client/incremental';
import { startTestGateway, type TestGateway } from '../../testing.ts';
import { accounts, catalog, reviews } from '../fixtures.ts';

/** Apollo Client against the whole gateway: what the engine plans in parts and completes per event reaches the cache. */
let gateway: TestGateway;
beforeAll(async () => {
  const people = accounts({ keySet: { keys: [] }, keySetAsked: 0, ended: [], memberships: new Map() });
  gateway = await startTestGateway({ subgraphs: [people, catalog(), reviews()] });
});
afterAll(() => gateway.stop());

const client = () =>
  new ApolloClient({
    link: new HttpLink({ uri: gateway.url }),
    cache: new InMemoryCache(),
    incrementalHandler: new Defer20220824Handler(),
  });

/** Everything that a watched query or a subscription shows, until it is complete. */
const shown = (
  begin: (next: (value: { data?: unknown; loading?: boolean }) => void, fail: (error: unknown) => void, done: () => void) => void,
  isLast: (data: any) => boolean,
) =>
  new Promise<any[]>((resolve, reject) => {
    const all: any[] = [];
    begin(
      ({ data }) => {
        if (data) all.push(structuredClone(data));
        if (data && isLast(data)) resolve(all);
      },
      reject,
      () => resolve(all),
    );
  });

test('deferred fields of another subgraph come in a second part and land in the cache', async () => {
  const apollo = client();
  const query = gql`
    query Later {
      product(id: "1") {
        id
        name
        ... @defer(label: "opinions") {
          rating
          reviews {
            body
          }
        }
      }
    }
  `;
  const seen = await shown(
    (next, fail, done) => void apollo.watchQuery({ query }).subscribe({ next, error: fail, complete: done }),
    ({ product }) => product.reviews !== undefined,
  );
  expect(seen[0]).toMatchObject({ product: { id: '1', name: 'Tea' } });
  expect(seen[0].product.reviews).toBeUndefined();
  expect(seen.at(-1)).toMatchObject({ product: { name: 'Tea', rating: 1.5, reviews: [{ body: 'about 1' }] } });
  expect(apollo.readQuery({ query })).toMatchObject({ product: { rating: 1.5 } });
  apollo.stop();
});

test('events over multipart carry the fields of other subgraphs', async () => {
  const apollo = client();
  const query = gql`
    subscription Prices {
      priceChanged(id: "1", count: 3) {
        id
        name
        reviews {
          body
        }
      }
    }
  `;
  const seen = await shown(
    (next, fail, done) => void apollo.subscribe({ query }).subscribe({ next, error: fail, complete: done }),
    () => false,
  );
  expect(seen).toHaveLength(3);
  expect(seen[2]).toMatchObject({ priceChanged: { id: '1', name: 'Tea', reviews: [{ body: 'about 1' }] } });
  apollo.stop();
});
