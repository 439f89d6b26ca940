import type { RequestContext } from '@supergraph/platform/context';
import { inScope } from '@supergraph/platform/database';
import { loadById, loadManyBy } from '@supergraph/platform/loader';
import { findAvailabilities, findAvailabilitiesOfProducts, findComponentAvailabilities, findItems, findSellers } from './store/items.ts';
import { findLevels } from './store/levels.ts';
import { findWarehouses } from './store/warehouses.ts';

/** Loaders live for one request. What belongs to a tenant is read through its door; availability is open to everybody. */
export const createLoaders = (scope: Pick<RequestContext, 'db' | 'organization' | 'viewer'>) => ({
  availabilityByVariant: loadById(
    (ids) => findAvailabilities(scope.db, ids),
    (row) => row.variantId,
  ),
  availabilitiesByProduct: loadManyBy(
    (ids) => findAvailabilitiesOfProducts(scope.db, ids),
    (row) => row.productId,
  ),
  componentsByBundle: loadManyBy(
    (ids) => findComponentAvailabilities(scope.db, ids),
    (row) => row.bundleId,
  ),
  warehouseById: loadById(
    (ids) => inScope(scope, (tx) => findWarehouses(tx, ids)),
    (warehouse) => warehouse.id,
  ),
  itemByVariant: loadById(
    (ids) => inScope(scope, (tx) => findItems(tx, ids)),
    (item) => item.variantId,
  ),
  levelsByVariant: loadManyBy(
    (ids) => inScope(scope, (tx) => findLevels(tx, ids)),
    (level) => level.variantId,
  ),
  sellerById: loadById(
    (ids) => inScope(scope, (tx) => findSellers(tx, ids)),
    (seller) => seller.organizationId,
  ),
});
export type Loaders = ReturnType<typeof createLoaders>;
