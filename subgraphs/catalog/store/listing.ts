import { categories, facetValues, listing, offers, products, shelf } from '@supergraph/db/catalog/tables';
import type { Db } from '@supergraph/platform/database';
import { type KeyPart, keyset, type Page } from '@supergraph/platform/page';
import {
  and,
  arrayContains,
  arrayOverlaps,
  asc,
  count,
  eq,
  exists,
  gt,
  gte,
  inArray,
  isNull,
  like,
  lte,
  or,
  type SQL,
  sql,
} from 'drizzle-orm';
import type { Product } from './products.ts';

/** What a list is ordered by, in the words of the graph. */
export type OrderField = 'RELEVANCE' | 'NEWEST' | 'TITLE' | 'PRICE' | 'RATING' | 'BEST_SELLING' | 'UPDATED_AT';

/** Words that a text must have, or must not have; phrases are several words in a row. Folded already. */
export interface SearchTerm {
  readonly words: string;
  readonly excluded: boolean;
}

export interface AttributeCondition {
  readonly code: string;
  readonly values?: readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly fromDate?: string | undefined;
  readonly toDate?: string | undefined;
  readonly is?: boolean | undefined;
}

/** A filter whose values have been checked and brought into the form in which they are stored. */
export interface ListConditions {
  readonly search?: readonly SearchTerm[] | undefined;
  readonly title?: readonly SearchTerm[] | undefined;
  readonly barcode?: string | undefined;
  readonly skus?: readonly string[] | undefined;
  readonly sellerIds?: readonly string[] | undefined;
  readonly typeCodes?: readonly string[] | undefined;
  readonly categoryIds?: readonly string[] | undefined;
  /** The category whose own list this is; holds beside the filter's. */
  readonly within?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly attributes?: readonly AttributeCondition[] | undefined;
  readonly currency?: string | undefined;
  readonly priceFrom?: string | undefined;
  readonly priceTo?: string | undefined;
  readonly onSale?: boolean | undefined;
  readonly inStock?: boolean | undefined;
  readonly minRating?: number | undefined;
  readonly statuses: readonly Product['status'][];
  readonly updatedAfter?: Date | undefined;
}

export interface ListRequest {
  /** Everybody's list, or the one of the tenant whose door is open. */
  readonly from: 'listing' | 'shelf';
  readonly conditions: ListConditions;
  readonly order: { readonly field: OrderField; readonly direction: 'ASC' | 'DESC' };
}

export interface ListedProduct {
  readonly product: Product;
  /** The key values of the list's order. */
  readonly keys: readonly (string | number | Date)[];
}

/** Lists of whatever currency a product is priced in first. */
export const anyCurrency = '*';

// The two tables have the same columns; the type of one serves for both.
const tables: Record<ListRequest['from'], typeof listing> = { listing, shelf: shelf as unknown as typeof listing };
type ListTable = typeof listing;

/** A text search query in which every term must hold; text without words finds nothing. */
function textQuery(terms: readonly SearchTerm[]): SQL {
  const parts = terms.map(({ words, excluded }) =>
    excluded ? sql`!!phraseto_tsquery('simple', ${words})` : sql`phraseto_tsquery('simple', ${words})`,
  );
  return parts.length === 0 ? sql`''::tsquery` : sql`(${sql.join(parts, sql` && `)})`;
}

function orderOf(table: ListTable, { order, conditions }: ListRequest): KeyPart {
  const { direction } = order;
  const parts: Record<OrderField, KeyPart> = {
    RELEVANCE: {
      column: sql`ts_rank(${table.search}, ${textQuery(conditions.search ?? [])})::double precision`,
      direction,
      type: 'double precision',
    },
    NEWEST: { column: table.publishedAt, direction, type: 'timestamptz' },
    TITLE: { column: table.titleSort, direction, type: 'text' },
    PRICE: { column: direction === 'ASC' ? table.priceUp : table.priceDown, direction, type: 'numeric' },
    RATING: { column: direction === 'ASC' ? table.ratingUp : table.ratingDown, direction, type: 'numeric' },
    BEST_SELLING: { column: table.sold30d, direction, type: 'bigint' },
    UPDATED_AT: { column: table.updatedAt, direction, type: 'timestamptz' },
  };
  return parts[order.field];
}

/** The statement behind `listProducts`. */
export function productsQuery(db: Db, page: Page, request: ListRequest) {
  const table = tables[request.from];
  const byValue = orderOf(table, request);
  const byId: KeyPart = { column: table.productId, direction: request.order.direction, type: 'uuid' };
  const { where, orderBy } = keyset(page, [byValue, byId]);
  const wanted = db
    .select({ productId: table.productId, key: sql<string | number | Date>`${byValue.column}`.as('key') })
    .from(table)
    .where(and(...conditionsOf(db, table, request.conditions), where))
    .orderBy(...orderBy)
    .limit(page.size + 1)
    .as('wanted');
  const forward = (request.order.direction === 'ASC') !== page.backward;
  return db
    .select({ product: products, key: wanted.key })
    .from(wanted)
    .innerJoin(products, eq(products.id, wanted.productId))
    .orderBy(
      ...(forward ? [sql`${wanted.key} asc`, sql`${wanted.productId} asc`] : [sql`${wanted.key} desc`, sql`${wanted.productId} desc`]),
    );
}

/** One page of a list with the products themselves, in one statement. */
export async function listProducts(db: Db, page: Page, request: ListRequest): Promise<ListedProduct[]> {
  const rows = await productsQuery(db, page, request);
  return rows.map(({ product, key }) => ({ product, keys: [key, product.id] }));
}

/** How many products a list has. */
export async function countProducts(db: Db, { from, conditions }: ListRequest): Promise<number> {
  const table = tables[from];
  const [row] = await db
    .select({ total: count() })
    .from(table)
    .where(and(...conditionsOf(db, table, conditions)));
  return row?.total ?? 0;
}

function conditionsOf(db: Db, table: ListTable, conditions: ListConditions): (SQL | undefined)[] {
  const { search, title, barcode, skus, sellerIds, typeCodes, categoryIds, within, tags, currency, minRating, statuses, updatedAfter } =
    conditions;
  return [
    eq(table.currency, currency ?? anyCurrency),
    inArray(table.status, [...statuses]),
    search && sql`${table.search} @@ ${textQuery(search)}`,
    title && sql`${table.titleSearch} @@ ${textQuery(title)}`,
    barcode === undefined ? undefined : arrayContains(table.barcodes, [barcode]),
    skus && arrayOverlaps(table.skus, [...skus]),
    sellerIds && inArray(table.sellerId, [...sellerIds]),
    typeCodes && inArray(table.typeCode, [...typeCodes]),
    categoryIds && inCategories(db, table, categoryIds),
    within === undefined ? undefined : inCategories(db, table, [within]),
    tags && arrayContains(table.tags, [...tags]),
    minRating === undefined ? undefined : gte(table.ratingDown, String(minRating)),
    updatedAfter && gt(table.updatedAt, updatedAfter),
    ofOneVariant(db, table, conditions),
  ];
}

/** A category means itself and all below it. */
function inCategories(db: Db, table: ListTable, ids: readonly string[]): SQL {
  const below = db
    .select({ id: categories.id })
    .from(categories)
    .where(arrayOverlaps(categories.path, [...ids]));
  return sql`${table.categoryIds} && array(${below})`;
}

/** Attributes, price and stock must hold for one and the same active variant; attributes of the product hold for all of them. */
function ofOneVariant(
  db: Db,
  table: ListTable,
  { attributes = [], currency, priceFrom, priceTo, onSale, inStock }: ListConditions,
): SQL | undefined {
  const flags = and(onSale ? eq(table.onSale, true) : undefined, inStock ? eq(table.inStock, true) : undefined);
  const asked = [priceFrom, priceTo, onSale, inStock].filter((value) => value !== undefined).length + attributes.length;
  if (asked === 0) return undefined;
  // What a variant is asked alone, its product tells.
  if (asked === 1 && (onSale || inStock)) return flags;
  const one = db
    .select({ one: sql`1` })
    .from(offers)
    .where(
      and(
        eq(offers.productId, table.productId),
        eq(offers.currency, currency ?? anyCurrency),
        priceFrom === undefined ? undefined : gte(offers.price, Number(priceFrom)),
        priceTo === undefined ? undefined : lte(offers.price, Number(priceTo)),
        onSale === undefined ? undefined : eq(offers.onSale, onSale),
        inStock === undefined ? undefined : eq(offers.inStock, inStock),
        ...attributes.map((attribute) =>
          exists(
            db
              .select({ one: sql`1` })
              .from(facetValues)
              .where(
                and(
                  eq(facetValues.productId, table.productId),
                  or(isNull(facetValues.variantId), eq(facetValues.variantId, offers.variantId)),
                  ...matches(attribute),
                ),
              ),
          ),
        ),
      ),
    );
  // Each attribute alone, too: so that the planner may begin with the rarest value instead of with the list.
  const candidates = attributes.map((attribute) =>
    inArray(
      table.productId,
      db
        .select({ productId: facetValues.productId })
        .from(facetValues)
        .where(and(...matches(attribute))),
    ),
  );
  return and(flags, exists(one), ...candidates);
}

function matches({ code, values, from, to, fromDate, toDate, is }: AttributeCondition): (SQL | undefined)[] {
  return [
    eq(facetValues.code, code),
    values && inArray(facetValues.text, [...values]),
    is === undefined ? undefined : eq(facetValues.text, String(is)),
    from === undefined ? undefined : gte(facetValues.number, Number(from)),
    to === undefined ? undefined : lte(facetValues.number, Number(to)),
    fromDate === undefined ? undefined : gte(facetValues.date, fromDate),
    toDate === undefined ? undefined : lte(facetValues.date, toDate),
  ];
}

/** Titles that begin with a folded text, each once, in alphabetical order. */
export async function findTitles(db: Db, prefix: string, size: number): Promise<string[]> {
  const escaped = prefix.replaceAll(/[\\%_]/g, (character) => `\\${character}`);
  const rows = await db
    .select({ title: sql<string>`min(${listing.title})`, titleSort: listing.titleSort })
    .from(listing)
    .where(and(eq(listing.currency, anyCurrency), like(listing.titleSort, `${escaped}%`)))
    .groupBy(listing.titleSort)
    .orderBy(asc(listing.titleSort))
    .limit(size);
  return rows.map(({ title }) => title);
}

// ——— Writing ———

/** The texts of a product by weight, folded. */
export interface SearchTexts {
  readonly title: string;
  readonly tags: string;
  readonly attributes: string;
  readonly description: string;
}
type ListingInsert = typeof listing.$inferInsert;
export type ListingRow = Omit<ListingInsert, 'search' | 'titleSearch'> & { readonly texts: SearchTexts; readonly listed: boolean };

/** Everything that lists and filters know of some products. */
export interface ListingRows {
  readonly listings: readonly ListingRow[];
  readonly offers: readonly (typeof offers.$inferInsert)[];
  readonly facets: readonly (typeof facetValues.$inferInsert)[];
}

/** Replaces all that lists and filters know of some products. */
export async function replaceListings(tx: Db, productIds: readonly string[], rows: ListingRows): Promise<void> {
  if (productIds.length === 0) return;
  for (const table of [listing, shelf, offers, facetValues]) await tx.delete(table).where(inArray(table.productId, [...productIds]));
  await inParts(rows.listings, (part) => tx.insert(shelf).values(part.map(toInsert)));
  const listed = [...new Set(rows.listings.filter((row) => row.listed).map(({ productId }) => productId))];
  if (listed.length > 0) await tx.insert(listing).select(tx.select().from(shelf).where(inArray(shelf.productId, listed)));
  await inParts(rows.offers, (part) => tx.insert(offers).values(part));
  await inParts(rows.facets, (part) => tx.insert(facetValues).values(part));
}

const rowsPerStatement = 500;

async function inParts<Row>(rows: readonly Row[], insert: (part: Row[]) => PromiseLike<unknown>): Promise<void> {
  for (let from = 0; from < rows.length; from += rowsPerStatement) await insert(rows.slice(from, from + rowsPerStatement));
}

function toInsert({ texts, listed: _listed, ...row }: ListingRow) {
  const weighted = (text: string, weight: 'A' | 'C' | 'D') => sql`setweight(to_tsvector('simple', ${text}), ${weight}::"char")`;
  return {
    ...row,
    search: sql`${weighted(texts.title, 'A')} || ${weighted(`${texts.tags} ${texts.attributes}`, 'C')} || ${weighted(texts.description, 'D')}`,
    titleSearch: sql`to_tsvector('simple', ${texts.title})`,
  };
}
