import { toMoney } from '@supergraph/platform/input';
import type { CompleteResolvers } from './schema.types.ts';
import { listProductFacts, listVariantFacts } from './service/facts.ts';
import { pageOfPriceHistory, pageOfProducts, pageOfSeller, suggestTitles } from './service/lists.ts';
import { setPrices } from './service/prices.ts';
import { createProduct, updateProduct } from './service/products.ts';
import {
  findBySku,
  findBySlug,
  findCategory,
  findPrice,
  findPriceRange,
  findProduct,
  findPurchasable,
  findReferredVariant,
  findVariant,
  listAttributes,
  listCategories,
  listPath,
  listPrices,
  listTypes,
  listVariants,
  requireProductOf,
  requireTypeOf,
} from './service/reads.ts';
import { archiveProduct, publishProduct, restoreProduct, unpublishProduct } from './service/states.ts';
import { createCategory, createType, moveCategory, removeCategory, updateCategory, updateProductType } from './service/taxonomy.ts';
import { archiveVariant, createVariant, updateVariant } from './service/variants.ts';
import { watchProducts } from './service/watch.ts';
import type { Product } from './store/products.ts';

const sellerOf = ({ sellerId }: { readonly sellerId: string | null }) => (sellerId === null ? null : { id: sellerId });

export const resolvers: CompleteResolvers = {
  Query: {
    product: (_, { id }, ctx) => findProduct(ctx, id),
    productBySlug: (_, { sellerId, slug }, ctx) => findBySlug(ctx, sellerId, slug),
    variant: (_, { id }, ctx) => findVariant(ctx, id),
    products: (_, args, ctx) => pageOfProducts(ctx, args),
    productSuggestions: (_, args, ctx) => suggestTitles(ctx, args),
    productCategories: (_, args, ctx) => listCategories(ctx, args),
    productCategory: (_, { id }, ctx) => findCategory(ctx, id),
    productTypes: (_, args, ctx) => listTypes(ctx, args),
    variantBySku: (_, { sku }, ctx) => findBySku(ctx, sku),
    productFacts: (_, args, ctx) => listProductFacts(ctx, args),
    variantFacts: (_, args, ctx) => listVariantFacts(ctx, args),
  },
  Mutation: {
    createProductType: async (_, { input }, ctx) => ({ productType: await createType(ctx, input) }),
    updateProductType: async (_, { input }, ctx) => ({ productType: await updateProductType(ctx, input) }),
    createProductCategory: async (_, { input }, ctx) => ({ category: await createCategory(ctx, input) }),
    updateProductCategory: async (_, { input }, ctx) => ({ category: await updateCategory(ctx, input) }),
    moveProductCategory: async (_, { input }, ctx) => ({ category: await moveCategory(ctx, input) }),
    deleteProductCategory: async (_, { input }, ctx) => ({ deletedId: await removeCategory(ctx, input) }),
    createProduct: async (_, { input }, ctx) => ({ product: await createProduct(ctx, input) }),
    updateProduct: async (_, { input }, ctx) => ({ product: await updateProduct(ctx, input) }),
    publishProduct: async (_, { input }, ctx) => ({ product: await publishProduct(ctx, input) }),
    unpublishProduct: async (_, { input }, ctx) => ({ product: await unpublishProduct(ctx, input) }),
    archiveProduct: async (_, { input }, ctx) => ({ product: await archiveProduct(ctx, input) }),
    restoreProduct: async (_, { input }, ctx) => ({ product: await restoreProduct(ctx, input) }),
    createProductVariant: async (_, { input }, ctx) => ({ variant: await createVariant(ctx, input) }),
    updateProductVariant: async (_, { input }, ctx) => ({ variant: await updateVariant(ctx, input) }),
    archiveProductVariant: async (_, { input }, ctx) => ({ variant: await archiveVariant(ctx, input) }),
    setVariantPrices: async (_, { input }, ctx) => ({ variant: await setPrices(ctx, input) }),
  },
  Subscription: {
    productUpdated: { subscribe: (_, args, ctx) => watchProducts(ctx, args), resolve: (product: Product) => product },
  },
  Product: {
    __resolveReference: ({ id }, ctx) => findProduct(ctx, id),
    seller: sellerOf,
    type: (product, _, ctx) => requireTypeOf(ctx, product),
    // Translations come with their own table; until then every language reads the text as written.
    title: ({ title }) => title,
    subtitle: ({ subtitle }) => subtitle,
    description: ({ description }) => description,
    primaryCategory: async ({ id }, _, ctx) => (await ctx.loaders.categoriesOfProduct.load(id))[0]?.category ?? null,
    categories: async ({ id }, _, ctx) => (await ctx.loaders.categoriesOfProduct.load(id)).map(({ category }) => category),
    attributes: (product, _, ctx) => listAttributes(ctx, product, product.attributes),
    variants: (product, _, ctx) => listVariants(ctx, product),
    priceRange: async (product, { currency }, ctx) => {
      const range = await findPriceRange(ctx, product, currency);
      return range && { min: toMoney(range.min.amountMinor, range.min.currency), max: toMoney(range.max.amountMinor, range.max.currency) };
    },
  },
  ProductVariant: {
    __resolveReference: ({ id }, ctx) => findReferredVariant(ctx, id),
    product: (variant, _, ctx) => requireProductOf(ctx, variant),
    attributes: async (variant, _, ctx) => listAttributes(ctx, await requireProductOf(ctx, variant), variant.attributes),
    components: () => [],
    price: (variant, { currency }, ctx) => findPrice(ctx, variant, currency),
    currencies: async (variant, _, ctx) => (await listPrices(ctx, variant)).map(({ currency }) => currency),
    isPurchasable: (variant, _, ctx) => findPurchasable(ctx, variant),
    cost: ({ sellerId, costMinor, costCurrency }, _, ctx) =>
      costMinor === null || costCurrency === null || ctx.organization?.id !== sellerId ? null : toMoney(costMinor, costCurrency),
    priceHistory: (variant, args, ctx) => pageOfPriceHistory(ctx, variant, args),
  },
  Organization: { catalogProducts: ({ id }, args, ctx) => pageOfSeller(ctx, id, args) },
  VariantPrice: {
    amount: ({ amountMinor, currency }) => toMoney(amountMinor, currency),
    regular: ({ regularMinor, currency }) => toMoney(regularMinor, currency),
    priorLowest: ({ priorLowestMinor, currency }) => (priorLowestMinor === null ? null : toMoney(priorLowestMinor, currency)),
  },
  VariantPriceChange: {
    from: ({ setAt }) => setAt,
    to: ({ replacedAt }) => replacedAt,
    regular: ({ regularMinor, currency }) => toMoney(regularMinor ?? 0, currency),
    sale: ({ saleMinor, currency }) => (saleMinor === null ? null : toMoney(saleMinor, currency)),
  },
  ProductType: { seller: sellerOf },
  ProductCategory: {
    __resolveReference: ({ id }, ctx) => findCategory(ctx, id),
    name: ({ name }) => name,
    parent: ({ parentId }, _, ctx) => (parentId === null ? null : ctx.loaders.categoryById.load(parentId)),
    path: (category, _, ctx) => listPath(ctx, category),
    children: ({ id }, _, ctx) => ctx.loaders.childrenOfCategory.load(id),
    seller: sellerOf,
    products: ({ id }, args, ctx) => pageOfProducts(ctx, args, { within: id }),
  },
};
