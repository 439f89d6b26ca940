import { attributeDefinitions, categories, outbox, productTypes, variantPriceHistory, variantPrices } from '@supergraph/db/catalog/tables';
import { asTenant, type Db } from '@supergraph/platform/database';
import { type Envelope, toEnvelope } from '@supergraph/platform/events';
import { productPublished, variantCreated } from '@supergraph/schema/events/catalog';
import type { Context } from './context.ts';
import { categoryRows, definitionsOf, type SampleProduct, samplesBySeller, typeId } from './seed/samples.ts';
import { assortments } from './seed/words.ts';
import { refreshProducts } from './service/changes.ts';
import { listedPayload, variantPayload } from './service/messages.ts';
import type { WholeProduct } from './service/whole.ts';
import { insertCategoriesOfProducts, insertProducts, upsertDirectory } from './store/products.ts';
import { insertVariants } from './store/variants.ts';
import { seedTime } from '@supergraph/platform/seed';
import { v7 } from 'uuid';

/** The sample sellers' catalogs: four types, a tree of categories, and products with prices in two currencies. */
export async function seed(ctx: Context): Promise<void> {
  const fresh = await ctx.db.transaction(seedTaxonomy);
  if (!fresh) return;
  for (const [sellerId, samples] of samplesBySeller()) await asTenant(ctx.db, sellerId, (tx) => seedSeller(ctx, tx, sellerId, samples));
}

/** False when the samples are there already. */
async function seedTaxonomy(tx: Db): Promise<boolean> {
  const types = assortments.map(({ typeCode, typeName }, n) => ({
    id: typeId(typeCode),
    sellerId: null,
    code: typeCode,
    name: typeName,
    createdAt: seedTime(n),
  }));
  const made = await tx.insert(productTypes).values(types).onConflictDoNothing().returning({ id: productTypes.id });
  if (made.length === 0) return false;
  await tx
    .insert(attributeDefinitions)
    .values(
      assortments.flatMap(({ typeCode }) => definitionsOf(typeCode).map((row) => ({ ...row, typeId: typeId(typeCode), sellerId: null }))),
    );
  await tx.insert(categories).values(categoryRows);
  return true;
}

async function seedSeller(ctx: Context, tx: Db, sellerId: string, samples: readonly SampleProduct[]): Promise<void> {
  await insertProducts(
    tx,
    samples.map(({ id, title, slug, description, tags, typeCode, attributes, options, isDraft, madeAt }) => ({
      id,
      sellerId,
      typeId: typeId(typeCode),
      status: isDraft ? ('DRAFT' as const) : ('ACTIVE' as const),
      slug,
      title,
      description,
      tags,
      attributes,
      options,
      firstPublishedAt: isDraft ? null : madeAt,
      publishedAt: isDraft ? null : madeAt,
      createdAt: madeAt,
      updatedAt: madeAt,
    })),
  );
  await insertCategoriesOfProducts(
    tx,
    samples.flatMap((sample) =>
      sample.categoryIds.map((categoryId, position) => ({ productId: sample.id, categoryId, sellerId, position })),
    ),
  );
  await insertVariants(
    tx,
    samples.flatMap((sample) =>
      sample.variants.map(({ prices: _prices, ...variant }) => ({
        ...variant,
        productId: sample.id,
        sellerId,
        costCurrency: 'EUR',
        firstPublishedAt: sample.isDraft ? null : sample.madeAt,
        createdAt: sample.madeAt,
        updatedAt: sample.madeAt,
      })),
    ),
  );
  await seedPrices(tx, sellerId, samples);
  await upsertDirectory(
    tx,
    samples.flatMap(({ variants }) => variants.map(({ id }) => ({ id, sellerId, dueAt: null }))),
  );
  const wholes = await refreshProducts(
    ctx,
    tx,
    samples.map(({ id }) => id),
  );
  await tx
    .insert(outbox)
    .values(envelopesOf(ctx, wholes).map((envelope) => ({ eventId: envelope.eventId, name: envelope.name, key: envelope.key, envelope })));
  ctx.outboxWritten();
}

const saleAfterDays = 40;

/** Sales began 40 days after the product was made, so that they have a lawful price to be held against. */
async function seedPrices(tx: Db, sellerId: string, samples: readonly SampleProduct[]): Promise<void> {
  const rows = samples.flatMap((sample) => {
    const saleStartsAt = new Date(sample.madeAt.getTime() + saleAfterDays * 86_400_000);
    return sample.variants.flatMap((variant) =>
      variant.prices.map((price, position) => ({
        ...price,
        position,
        variantId: variant.id,
        productId: sample.id,
        sellerId,
        setAt: sample.madeAt,
        saleStartsAt: price.saleMinor === null ? null : saleStartsAt,
        reductionBeganAt: price.saleMinor === null ? null : saleStartsAt,
        priorLowestMinor: price.saleMinor === null ? null : price.regularMinor,
      })),
    );
  });
  await tx.insert(variantPrices).values(rows.map(({ setAt: _setAt, ...row }) => row));
  await tx.insert(variantPriceHistory).values(
    rows.map(({ variantId, currency, regularMinor, saleMinor, saleStartsAt, setAt }) => ({
      id: v7(),
      variantId,
      sellerId,
      currency,
      regularMinor,
      saleMinor,
      saleStartsAt,
      setAt,
    })),
  );
}

function envelopesOf(ctx: Context, wholes: readonly WholeProduct[]): Envelope[] {
  return wholes.flatMap((whole): Envelope[] => {
    const { sellerId, status } = whole.product;
    const variants = whole.variants.map((variant) => toEnvelope(ctx, variantCreated, variantPayload(whole, variant, []), sellerId));
    return status === 'ACTIVE' ? [...variants, toEnvelope(ctx, productPublished, listedPayload(whole), sellerId)] : variants;
  });
}
