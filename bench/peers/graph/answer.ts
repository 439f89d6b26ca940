import { products, type Review, reviews, users } from './data.ts';

/**
 * What the operation must bring, told from the data alone: no gateway and no subgraph has a part in it. Fields stand in
 * the operation's order, which is the order that an answer must have, too.
 */
export function expectedData(): string {
  return JSON.stringify({
    users: users.map((user) => ({
      ...userFields(user.id),
      reviews: ownReviews((review) => ({ ...bareReview(review), product: productWithReviews(review.upc) })),
    })),
    topProducts: products.slice(0, 5).map(({ upc }) => productWithReviews(upc)),
  });
}

function userFields(wanted: string) {
  const { id, username, name } = find(users, ({ id }) => id === wanted);
  return { id, username, name };
}

function productFields(wanted: string) {
  const { upc, name, price, weight, inStock } = find(products, ({ upc }) => upc === wanted);
  return { upc, name, price, weight, inStock, shippingEstimate: price > 1_000 ? 0 : Math.trunc(weight / 2) };
}

const bareReview = ({ id, body }: Review) => ({ id, body });
const ownReviews = <Written>(write: (review: Review) => Written): Written[] => reviews.slice(0, 2).map(write);

const productWithReviews = (upc: string): object => ({
  ...productFields(upc),
  reviews: reviews
    .filter((review) => review.upc === upc)
    .map((review) => ({ ...bareReview(review), author: authorWithReviews(review.authorId) })),
});

const authorWithReviews = (id: string) => ({
  ...userFields(id),
  reviews: ownReviews((review) => ({ ...bareReview(review), product: productFields(review.upc) })),
});

function find<Item>(items: readonly Item[], holds: (item: Item) => boolean): Item {
  const found = items.find(holds);
  if (!found) throw new Error('the data lacks what its own references name');
  return found;
}
