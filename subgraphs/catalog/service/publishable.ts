import type { Issue } from '@supergraph/platform/errors';
import type { WholeProduct } from './whole.ts';

/** All that a product lacks to be shown to shoppers. */
export function missingToPublish({ product, type, categoryIds, variants, prices }: WholeProduct): Issue[] {
  const active = variants.filter(({ status }) => status === 'ACTIVE');
  const issues: Issue[] = [];
  if (product.title === '') issues.push({ path: 'title', message: 'is missing' });
  if (categoryIds.length === 0) issues.push({ path: 'categoryIds', message: 'is missing: put the product into a category' });
  if (!active.some(({ id }) => (prices.get(id) ?? []).length > 0))
    issues.push({ path: 'variants', message: 'must have an active one with a price' });
  for (const { id, code, perVariant } of type.attributes.filter(({ required }) => required)) {
    const holders = perVariant ? active : [product];
    const lacks = holders.some(({ attributes }) => !attributes.some(({ definitionId }) => definitionId === id));
    if (lacks) issues.push({ path: `attributes.${code}`, message: perVariant ? 'is missing on a variant' : 'is missing' });
  }
  return issues;
}
