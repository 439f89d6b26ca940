import type { StoredAttribute } from '@supergraph/db/catalog/tables';
import type { PriceNow } from './service/pricing.ts';
import type { Product } from './store/products.ts';
import type { Category, Definition, ProductType } from './store/taxonomy.ts';
import type { PriceChange, Variant } from './store/variants.ts';

export type ProductMapper = Product;
export type ProductVariantMapper = Variant;
export type VariantPriceMapper = PriceNow;
export type VariantPriceChangeMapper = PriceChange;
export type ProductTypeMapper = ProductType;
export type AttributeDefinitionMapper = Definition;
export type ProductAttributeMapper = Omit<StoredAttribute, 'definitionId' | 'code'> & { readonly definition: Definition };
export type ProductCategoryMapper = Category;
