import type { StoredAttribute, StoredOption, StoredOptionValue } from '@supergraph/db/catalog/tables';
import { v7 } from 'uuid';
import type { Product } from '../store/products.ts';
import type { ProductType } from '../store/taxonomy.ts';
import type { NewVariant } from '../store/variants.ts';
import { type Checked, checkAttributes, checkOptionValues, hashOfOptions, titleOf } from './attributes.ts';
import type { NewVariantInput } from './inputs.ts';

export interface CheckedVariant extends Omit<NewVariantInput, 'attributes' | 'optionValues'> {
  readonly attributes: StoredAttribute[];
  readonly optionValues: StoredOptionValue[];
}

/** Holds a variant against its product's type and options. */
export function checkVariant(
  type: ProductType,
  options: readonly StoredOption[],
  input: NewVariantInput,
  path: string,
): Checked<CheckedVariant> {
  const at = (field: string) => (path === '' ? field : `${path}.${field}`);
  const attributes = checkAttributes(type, input.attributes ?? [], true, at('attributes'));
  const optionValues = checkOptionValues(options, input.optionValues ?? [], at('optionValues'));
  return {
    value: { ...input, attributes: attributes.value, optionValues: optionValues.value },
    issues: [...attributes.issues, ...optionValues.issues],
  };
}

interface Place {
  readonly product: Pick<Product, 'id' | 'sellerId' | 'title'>;
  readonly position: number;
  readonly firstPublishedAt: Date | null;
  readonly now: Date;
}

/** The row of a new variant. */
export function toNewVariant(
  input: CheckedVariant,
  { product, position, firstPublishedAt, now }: Place,
): NewVariant & { optionValues: StoredOptionValue[]; title: string } {
  return {
    id: v7(),
    productId: product.id,
    sellerId: product.sellerId,
    sku: input.sku,
    barcode: input.barcode ?? null,
    title: titleOf(product.title, input.optionValues),
    optionValues: input.optionValues,
    optionHash: hashOfOptions(input.optionValues),
    attributes: input.attributes,
    taxClass: input.taxClass ?? 'standard',
    weightGrams: input.weightGrams ?? null,
    requiresShipping: input.requiresShipping ?? true,
    trackInventory: input.trackInventory ?? true,
    costMinor: input.cost?.minor ?? null,
    costCurrency: input.cost?.currency ?? null,
    position,
    firstPublishedAt,
    createdAt: now,
    updatedAt: now,
  };
}
