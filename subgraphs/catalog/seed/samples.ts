import type { StoredAttribute } from '@supergraph/db/catalog/tables';
import { seedId, seedRandom, seedTime } from '@supergraph/platform/seed';
import { demoProductCount, demoProductId, demoSellerOf, demoSellers, demoVariantCount, demoVariantId } from '@supergraph/schema/demo';
import { hashOfOptions } from '../service/attributes.ts';
import { toSlug } from '../service/text.ts';
import type { NewDefinition } from '../store/taxonomy.ts';
import { type Assortment, assortments, attributesByType, taxonomy } from './words.ts';

const typeNumber = (typeCode: string): number => assortments.findIndex((assortment) => assortment.typeCode === typeCode) + 1;
const categoryNumber = (slug: string): number => taxonomy.findIndex(([name]) => name === slug) + 1;
export const typeId = (typeCode: string): string => seedId('product-type', typeNumber(typeCode));
const categoryId = (slug: string): string => seedId('product-category', categoryNumber(slug));

/** The attributes of a sample type; all of them can be filtered by. */
export const definitionsOf = (typeCode: string): (NewDefinition & { id: string })[] =>
  (attributesByType[typeCode] ?? []).map(({ choices = [], required = false, unit = null, ...attribute }, position) => ({
    ...attribute,
    id: seedId('attribute-definition', typeNumber(typeCode) * 100 + position),
    choices: [...choices],
    required,
    unit,
    filterable: true,
    position,
  }));

/** The sample tree, parents before children. */
export const categoryRows = taxonomy.map(([slug, name, parent], index) => ({
  id: categoryId(slug),
  sellerId: null,
  slug,
  name,
  parentId: parent ? categoryId(parent) : null,
  path: pathOf(slug),
  position: index,
  createdAt: seedTime(index),
}));

function pathOf(slug: string): string[] {
  const [, , parent] = taxonomy[categoryNumber(slug) - 1] ?? [];
  return [...(parent ? pathOf(parent) : []), categoryId(slug)];
}

/** One sample product, as all tables need it. */
export function sampleProduct(n: number) {
  const seller = demoSellerOf(n);
  const nth = Math.floor((n - 1) / demoSellers.length);
  const assortment = assortments[(n - 1) % assortments.length] as Assortment;
  const random = seedRandom(`product:${n}`);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const [second, category, from, to] = assortment.seconds[nth % assortment.seconds.length] as Assortment['seconds'][number];
  // Steps through every pair once before a title comes again.
  const first = assortment.firsts[(nth + Math.floor(nth / assortment.seconds.length)) % assortment.firsts.length] as string;
  const title = `${first} ${second}`;
  // A few at the end of the year are still being written.
  const isDraft = n > 8 && n % 29 === 0;
  const [one, other] = [pick(assortment.sentences), pick(assortment.sentences)];
  const base = Math.round(from + random() * (to - from)) * 100 - 10;
  return {
    id: demoProductId(n),
    seller,
    title,
    slug: `${toSlug(title)}-${nth + 1}`,
    description: one === other ? `<p>${one}</p>` : `<p>${one}</p><p>${other}</p>`,
    tags: [...new Set([pick(assortment.tags), pick(assortment.tags)])],
    typeCode: assortment.typeCode,
    attributes: attributesOf(assortment.typeCode, n, random),
    options:
      demoVariantCount(n) === 1 ? [] : [{ name: assortment.optionName, values: assortment.optionValues.slice(0, demoVariantCount(n)) }],
    categoryIds: [categoryId(category)],
    isDraft,
    madeAt: seedTime(n * 60),
    variants: Array.from({ length: demoVariantCount(n) }, (_, index) => sampleVariant(n, index, { title, assortment, base, random })),
  };
}
export type SampleProduct = ReturnType<typeof sampleProduct>;

interface Making {
  readonly title: string;
  readonly assortment: Assortment;
  readonly base: number;
  readonly random: () => number;
}

function sampleVariant(n: number, index: number, { title, assortment, base, random }: Making) {
  const value = assortment.optionValues[index] ?? '';
  const optionValues = demoVariantCount(n) === 1 ? [] : [{ option: assortment.optionName, value }];
  const [light, heavy] = assortment.weights;
  const regular = base + index * Math.max(200, Math.round(base / 500) * 100);
  const onSale = n % 7 === 0;
  return {
    id: demoVariantId(n, index + 1),
    sku: `${assortment.typeCode.slice(0, 3).toUpperCase()}-${String(n).padStart(4, '0')}-${index + 1}`,
    title: optionValues.length === 0 ? title : value,
    optionValues,
    optionHash: hashOfOptions(optionValues),
    position: index,
    taxClass: assortment.typeCode === 'book' ? 'reduced' : 'standard',
    weightGrams: Math.round(light + random() * (heavy - light)),
    costMinor: Math.round(regular * 0.55),
    prices: [
      { currency: 'EUR', regularMinor: regular, saleMinor: onSale ? reduced(regular) : null },
      { currency: 'USD', regularMinor: dollars(regular), saleMinor: onSale ? reduced(dollars(regular)) : null },
    ],
  };
}

const dollars = (minor: number): number => Math.round((minor * 1.1) / 100) * 100 - 1;
const reduced = (minor: number): number => Math.max(100, Math.round((minor * 0.8) / 10) * 10);

function attributesOf(typeCode: string, n: number, random: () => number): StoredAttribute[] {
  return definitionsOf(typeCode).map(({ id: definitionId, code, kind, choices }) => {
    const common = { definitionId, code };
    if (kind === 'ISBN') return { ...common, text: isbnOf(n) };
    if (kind === 'BOOLEAN') return { ...common, boolean: random() > 0.4 };
    if (kind === 'CHOICE') return { ...common, choices: [choices?.[Math.floor(random() * choices.length)] ?? ''] };
    return { ...common, number: String(12 + Math.floor(random() * 400)) };
  });
}

/** A number of the range that is not given to any publisher. */
function isbnOf(n: number): string {
  const digits = `97999999${String(n).padStart(4, '0')}`;
  const sum = digits.split('').reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** All sample products, by seller. */
export const samplesBySeller = (): Map<string, SampleProduct[]> =>
  Map.groupBy(
    Array.from({ length: demoProductCount }, (_, index) => sampleProduct(index + 1)),
    ({ seller }) => seller.id,
  );
