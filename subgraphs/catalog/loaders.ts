import type { RequestContext } from '@supergraph/platform/context';
import { loadById, loadManyBy } from '@supergraph/platform/loader';
import { readerOf } from './reader.ts';
import { findCategoriesOfProducts, findProducts } from './store/products.ts';
import { findCategories, findChildren, findTypes } from './store/taxonomy.ts';
import { findPricesOfProducts, findVariants, findVariantsOfProducts } from './store/variants.ts';

/** Loaders live for one request; a list of products costs one query for each thing that hangs from them. */
export const createLoaders = (ctx: Pick<RequestContext, 'db' | 'organization' | 'viewer'>) => {
  const read = readerOf(ctx);
  return {
    productById: loadById(
      (ids) => read((db) => findProducts(db, ids)),
      (product) => product.id,
    ),
    variantById: loadById(
      (ids) => read((db) => findVariants(db, ids)),
      (variant) => variant.id,
    ),
    variantsOfProduct: loadManyBy(
      (ids) => read((db) => findVariantsOfProducts(db, ids)),
      (variant) => variant.productId,
    ),
    pricesOfProduct: loadManyBy(
      (ids) => read((db) => findPricesOfProducts(db, ids)),
      (price) => price.productId,
    ),
    categoriesOfProduct: loadManyBy(
      (ids) => read((db) => findCategoriesOfProducts(db, ids)),
      (row) => row.productId,
    ),
    categoryById: loadById(
      (ids) => findCategories(ctx.db, ids),
      (category) => category.id,
    ),
    childrenOfCategory: loadManyBy(
      (ids) => findChildren(ctx.db, ids),
      (category) => category.parentId ?? '',
    ),
    typeById: loadById(
      (ids) => findTypes(ctx.db, ids),
      (type) => type.id,
    ),
  };
};
export type Loaders = ReturnType<typeof createLoaders>;
