import { hasPermission } from '@supergraph/platform/access';
import type { Identity } from '@supergraph/platform/context';
import type { Product } from './store/products.ts';

type Caller = Pick<Identity, 'viewer' | 'organization'>;

/** Whoever may write a seller's catalog sees all of it. */
export const isStaff = (caller: Pick<Identity, 'organization'>): boolean => hasPermission(caller, 'catalog.product.write');
const isStaffOf = (caller: Pick<Identity, 'organization'>, sellerId: string | null): boolean =>
  caller.organization?.id === sellerId && isStaff(caller);

/** Shoppers see active products of sellers in good standing. */
export const isListed = (product: Pick<Product, 'status' | 'hidden'>): boolean => product.status === 'ACTIVE' && !product.hidden;

/** Everybody sees what is listed; the seller's staff sees every state. */
export const canSeeProduct = (caller: Caller, product: Pick<Product, 'sellerId' | 'status' | 'hidden'>): boolean =>
  isListed(product) || isStaffOf(caller, product.sellerId);

/** What was sold once still shows on the orders that hold it, even when its product is archived. */
export const canSeeOnOrders = (caller: Caller, product: Pick<Product, 'sellerId' | 'status' | 'hidden' | 'firstPublishedAt'>): boolean =>
  canSeeProduct(caller, product) || (product.status === 'ARCHIVED' && product.firstPublishedAt !== null && !product.hidden);

/** A seller's taxonomy is its staff's; what belongs to nobody is the platform administrators'. */
export const canChangeTaxonomy = (caller: Caller, owner: { readonly sellerId: string | null }): boolean =>
  owner.sellerId === null ? (caller.viewer?.roles.includes('ADMIN') ?? false) : isStaffOf(caller, owner.sellerId);

/** Shoppers are shown only what is still sold. */
export const canSeeArchivedVariants = (caller: Caller, product: Pick<Product, 'sellerId'>): boolean => isStaffOf(caller, product.sellerId);
