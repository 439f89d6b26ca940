import type { SubgraphDefinition } from '@supergraph/platform/subgraph';

/** Every domain, loaded when it is needed: a service loads its own alone. */
export const registry: Readonly<Record<string, () => Promise<{ subgraph: SubgraphDefinition }>>> = {
  accounts: () => import('./accounts/index.ts'),
  catalog: () => import('./catalog/index.ts'),
  chat: () => import('./chat/index.ts'),
  inventory: () => import('./inventory/index.ts'),
  notifications: () => import('./notifications/index.ts'),
  organizations: () => import('./organizations/index.ts'),
  reviews: () => import('./reviews/index.ts'),
};
