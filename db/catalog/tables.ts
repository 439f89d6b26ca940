export * from './tables/listing.ts';
export * from './tables/products.ts';
export * from './tables/schema.ts';
export * from './tables/sellers.ts';
export * from './tables/taxonomy.ts';
export * from './tables/variants.ts';
