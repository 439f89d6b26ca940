// The same answer as bench/query.ts asks for, as somebody would write it without a graph: one server, four statements.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import postgres from 'postgres';

interface VariantRow {
  readonly productId: string;
  readonly id: string;
  readonly sku: string;
  readonly title: string;
  readonly currency: string | null;
  readonly regularMinor: number;
  readonly saleMinor: number | null;
  readonly saleStartsAt: Date | null;
  readonly saleEndsAt: Date | null;
  readonly status: string | null;
  readonly inStock: number;
  readonly orderable: number;
}
interface ReviewRow {
  readonly subjectId: string;
  readonly id: string;
  readonly rating: number;
  readonly title: string | null;
  readonly body: string | null;
  readonly displayName: string | null;
}
interface RatingRow {
  readonly id: string;
  readonly count: number;
  readonly sum: number;
}

const sql = postgres(process.env['DATABASE_URL'] ?? '', { max: 10, fetch_types: false, onnotice: () => undefined });

const findProducts = () => sql<{ id: string; title: string }[]>`
  select p.id, p.title from catalog.listing l join catalog.products p on p.id = l.product_id
  where l.currency = '*' and l.status = 'ACTIVE'
  order by l.published_at desc, l.product_id desc limit 20`;

const findVariants = (ids: string) => sql<VariantRow[]>`
  select v.product_id "productId", v.id, v.sku, v.title, p.currency, p.regular_minor::int "regularMinor", p.sale_minor::int "saleMinor",
    p.sale_starts_at "saleStartsAt", p.sale_ends_at "saleEndsAt", a.status, a.in_stock "inStock", a.orderable
  from catalog.variants v
  left join lateral (select * from catalog.variant_prices where variant_id = v.id order by position limit 1) p on true
  left join inventory.availabilities a on a.variant_id = v.id
  where v.product_id = any(${ids}::uuid[]) and v.status = 'ACTIVE'
  order by v.product_id, v.position, v.id`;

const findReviews = (ids: string) => sql<ReviewRow[]>`
  select r.subject_id "subjectId", r.id, r.rating, r.title, r.body, u.display_name "displayName"
  from unnest(${ids}::uuid[]) wanted(id)
  cross join lateral (
    select * from reviews.reviews
    where kind = 'PRODUCT' and subject_id = wanted.id and status = 'PUBLISHED' and deleted_at is null
    order by helpfulness desc, verified desc, id desc limit 3
  ) r
  left join accounts.users u on u.id = r.author_id
  order by r.helpfulness desc, r.verified desc, r.id desc`;

const findRatings = (ids: string) => sql<RatingRow[]>`
  select id, count, sum from reviews.rating_summaries where scope = 'PRODUCT' and id = any(${ids}::uuid[])`;

const money = (minor: number, currency: string | null) => ({ amount: (minor / 100).toFixed(2), currency });

function toPrice({ currency, regularMinor, saleMinor, saleStartsAt, saleEndsAt }: VariantRow, now: Date) {
  if (currency === null) return null;
  const onSale = saleMinor !== null && (saleStartsAt === null || saleStartsAt <= now) && (saleEndsAt === null || now < saleEndsAt);
  return { amount: money(onSale ? saleMinor : regularMinor, currency), regular: money(regularMinor, currency), onSale };
}

function toVariant(row: VariantRow, now: Date) {
  const { id, sku, title, status, orderable } = row;
  const quantity = status === 'NOT_TRACKED' || orderable > 10 ? null : Math.max(0, orderable);
  return { id, sku, title, price: toPrice(row, now), availability: status && { status, quantity } };
}

const toReview = ({ id, rating, title, body, displayName }: ReviewRow) => ({
  id,
  rating,
  title,
  body,
  author: displayName === null ? null : { displayName },
});

const toRating = (row: RatingRow | undefined) =>
  row && row.count > 0 ? { average: Math.round((row.sum * 100) / row.count) / 100, count: row.count } : { average: null, count: 0 };

async function answer(): Promise<string> {
  const products = await findProducts();
  const ids = `{${products.map(({ id }) => id).join(',')}}`;
  const [variants, reviews, ratings] = await Promise.all([findVariants(ids), findReviews(ids), findRatings(ids)]);
  const variantsOf = Map.groupBy(variants, ({ productId }) => productId);
  const reviewsOf = Map.groupBy(reviews, ({ subjectId }) => subjectId);
  const ratingOf = new Map(ratings.map((row) => [row.id, row]));
  const now = new Date();
  const nodes = products.map(({ id, title }) => ({
    id,
    title,
    variants: (variantsOf.get(id) ?? []).map((row) => toVariant(row, now)),
    rating: toRating(ratingOf.get(id)),
    reviews: { nodes: (reviewsOf.get(id) ?? []).map(toReview) },
  }));
  return JSON.stringify({ data: { products: { nodes } } });
}

const server = createServer(async (_request, response) => {
  try {
    const body = await answer();
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`));
