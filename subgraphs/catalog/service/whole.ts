import { type Db } from '@supergraph/platform/database';
import { isListed } from '../policy.ts';
import { anyCurrency, type ListingRow, type ListingRows } from '../store/listing.ts';
import { findCategoriesOfProducts, findProducts, type Product } from '../store/products.ts';
import { findInStock, findRatings } from '../store/sellers.ts';
import { type Definition, findTypes, type ProductType } from '../store/taxonomy.ts';
import { findPricesOfProducts, findVariantsOfProducts, type Price, type Variant } from '../store/variants.ts';
import { earliest, nextBoundary, priceAt, toMainUnit } from './pricing.ts';
import { fold, plainText } from './text.ts';

/** A product with all that lists and events tell of it. */
export interface WholeProduct {
  readonly product: Product;
  readonly type: ProductType;
  readonly categoryIds: readonly string[];
  readonly variants: readonly Variant[];
  readonly prices: ReadonlyMap<string, readonly Price[]>;
}

/** Products with all that hangs from them; needs the open door of their seller. */
export async function loadWhole(tx: Db, ids: readonly string[]): Promise<WholeProduct[]> {
  const products = await findProducts(tx, ids);
  const types = new Map((await findTypes(tx, [...new Set(products.map(({ typeId }) => typeId))])).map((type) => [type.id, type]));
  const categories = Map.groupBy(await findCategoriesOfProducts(tx, ids), ({ productId }) => productId);
  const variants = Map.groupBy(await findVariantsOfProducts(tx, ids), ({ productId }) => productId);
  const prices = Map.groupBy(await findPricesOfProducts(tx, ids), ({ variantId }) => variantId);
  return products.map((product) => {
    const type = types.get(product.typeId);
    if (!type) throw new Error('a product without a type');
    const categoryIds = (categories.get(product.id) ?? []).map(({ category }) => category.id);
    return { product, type, categoryIds, variants: variants.get(product.id) ?? [], prices };
  });
}

/** When the clock next changes what shoppers see of a product. */
export function dueAt({ product, variants, prices }: WholeProduct, now: Date): Date | null {
  const sales = variants.flatMap(({ id }) => prices.get(id) ?? []);
  return earliest([
    product.status === 'SCHEDULED' ? product.publishAt : null,
    product.status === 'ACTIVE' ? product.unpublishAt : null,
    nextBoundary(sales, now),
  ]);
}

/** What lists and filters are to know of products at this moment. */
export async function listingRowsOf(tx: Db, wholes: readonly WholeProduct[], now: Date): Promise<ListingRows> {
  const ratings = await findRatings(
    tx,
    wholes.map(({ product }) => product.id),
  );
  const inStock = await findInStock(
    tx,
    wholes.flatMap(({ variants }) => variants.map(({ id }) => id)),
  );
  const offers = wholes.map((whole) => offersOf(whole, inStock, now));
  return {
    listings: wholes.flatMap((whole, index) => listingsOf(whole, offers[index] ?? [], ratings.get(whole.product.id))),
    offers: offers.flat(),
    facets: wholes.flatMap(facetsOf),
  };
}

type Offer = ListingRows['offers'][number];

function offersOf({ product, variants, prices }: WholeProduct, inStock: ReadonlySet<string>, now: Date): Offer[] {
  return variants
    .filter(({ status }) => status === 'ACTIVE')
    .flatMap((variant) => {
      const common = {
        variantId: variant.id,
        productId: product.id,
        sellerId: product.sellerId,
        listed: isListed(product),
        inStock: !variant.trackInventory || inStock.has(variant.id),
      };
      const priced = (prices.get(variant.id) ?? []).map((price) => {
        const { amountMinor, currency, onSale } = priceAt(price, now);
        return { ...common, currency, price: Number(toMainUnit(amountMinor, currency)), onSale };
      });
      return [...priced, { price: null, onSale: false, ...priced[0], ...common, currency: anyCurrency }];
    });
}

/** Beyond every price and rating, so that what has none comes last in both directions. */
const beyond = { up: '1e20', down: '-1' };

/** What a product with this average rating is ordered by. */
export const ratingOrder = (average: string | undefined) => ({ ratingUp: average ?? beyond.up, ratingDown: average ?? beyond.down });

function listingsOf(whole: WholeProduct, offers: readonly Offer[], rating: string | undefined): ListingRow[] {
  const { product, type, categoryIds, variants } = whole;
  const active = variants.filter(({ status }) => status === 'ACTIVE');
  const common = {
    productId: product.id,
    sellerId: product.sellerId,
    status: product.status,
    listed: isListed(product),
    typeCode: type.code,
    title: product.title,
    titleSort: fold(product.title),
    ...ratingOrder(rating),
    publishedAt: product.publishedAt ?? product.createdAt,
    updatedAt: product.updatedAt,
    tags: product.tags.map(fold),
    categoryIds: [...categoryIds],
    skus: active.map(({ sku }) => sku.toLowerCase()),
    barcodes: active.map(({ barcode }) => barcode).filter((barcode) => barcode !== null),
    texts: {
      title: fold(product.title),
      tags: fold(product.tags.join(' ')),
      attributes: fold(
        facetsOf(whole)
          .flatMap(({ text }) => text ?? [])
          .join(' '),
      ),
      description: fold(plainText(`${product.subtitle ?? ''} ${product.description ?? ''}`)),
    },
  };
  const currencies = [...new Set([anyCurrency, ...offers.map(({ currency }) => currency)])];
  return currencies.map((currency) => {
    const own = offers.filter((offer) => offer.currency === currency);
    const prices = own.map(({ price }) => price).filter((price) => price != null);
    const lowest = prices.length === 0 ? undefined : String(Math.min(...prices));
    const flags = { onSale: own.some(({ onSale }) => onSale), inStock: own.some(({ inStock }) => inStock) };
    return { ...common, ...flags, currency, priceUp: lowest ?? beyond.up, priceDown: lowest ?? beyond.down };
  });
}

function facetsOf({ product, type, variants }: WholeProduct): ListingRows['facets'] {
  const filterable = new Map(
    type.attributes.filter((definition) => definition.filterable).map((definition) => [definition.id, definition]),
  );
  const holders = [{ id: null, attributes: product.attributes }, ...variants.filter(({ status }) => status === 'ACTIVE')];
  return holders.flatMap(({ id: variantId, attributes }) =>
    attributes.flatMap((attribute) => {
      const definition = filterable.get(attribute.definitionId);
      if (!definition) return [];
      const common = { productId: product.id, variantId, sellerId: product.sellerId, listed: isListed(product), code: definition.code };
      return valuesOf(definition, attribute).map((value) => ({ ...common, ...value }));
    }),
  );
}

function valuesOf({ kind }: Definition, attribute: Product['attributes'][number]): { text?: string; number?: number; date?: string }[] {
  if (attribute.choices) return attribute.choices.map((text) => ({ text }));
  if (attribute.number !== undefined) return [{ number: Number(attribute.number), text: attribute.number }];
  if (attribute.date !== undefined) return [{ date: attribute.date, text: attribute.date }];
  if (kind === 'BOOLEAN') return [{ text: String(attribute.boolean) }];
  return attribute.text === undefined ? [] : [{ text: attribute.text }];
}
