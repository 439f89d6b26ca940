import { deadLetterTable, idempotencyTable, inboxTable, outboxTable, quotaLimitsTable } from '@supergraph/platform/columns';
import { pgSchema } from 'drizzle-orm/pg-core';

export const catalog = pgSchema('catalog');
export const productStatus = catalog.enum('product_status', ['DRAFT', 'SCHEDULED', 'ACTIVE', 'ARCHIVED']);
export const variantStatus = catalog.enum('variant_status', ['ACTIVE', 'ARCHIVED']);
export const variantKind = catalog.enum('variant_kind', ['SIMPLE', 'BUNDLE']);
export const attributeKind = catalog.enum('attribute_kind', ['TEXT', 'NUMBER', 'BOOLEAN', 'DATE', 'CHOICE', 'CHOICES', 'ISBN']);

/** One attribute of a product or variant, as it is kept on the row; exactly one value is there. */
export interface StoredAttribute {
  readonly definitionId: string;
  readonly code: string;
  readonly text?: string;
  readonly number?: string;
  readonly boolean?: boolean;
  readonly date?: string;
  readonly choices?: readonly string[];
}
export interface StoredOption {
  readonly name: string;
  readonly values: readonly string[];
}
export interface StoredOptionValue {
  readonly option: string;
  readonly value: string;
}

export const outbox = outboxTable(catalog);
export const inbox = inboxTable(catalog);
export const idempotency = idempotencyTable(catalog);
export const deadLetters = deadLetterTable(catalog);
export const quotaLimits = quotaLimitsTable(catalog);
