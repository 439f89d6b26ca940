/** Twenty products with variants, price, stock, rating and three reviews each: four domains in one answer. */
export const productQuery = `query Products {
  products(first: 20) {
    nodes {
      id
      title
      variants {
        id
        sku
        title
        price { amount { amount currency } regular { amount currency } onSale }
        availability { status quantity }
      }
      rating { average count }
      reviews(first: 3) { nodes { id rating title body author { displayName } } }
    }
  }
}`;

export interface ProductAnswer {
  readonly products: { readonly nodes: readonly unknown[] };
}

/** The answer of the graph; throws when it has errors. */
export async function askProducts(url: string): Promise<ProductAnswer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: productQuery }),
  });
  const { data, errors } = (await response.json()) as { data: ProductAnswer | null; errors?: unknown };
  if (!data || errors) throw new Error(`the graph answered ${response.status}: ${JSON.stringify(errors)}`);
  return data;
}
