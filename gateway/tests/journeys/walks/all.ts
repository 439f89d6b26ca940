import type { Walk } from './walk.ts';
import { walkAccounts } from './accounts.ts';
import { walkCatalog } from './catalog.ts';
import { walkChat } from './chat.ts';
import { walkCredentials } from './credentials.ts';
import { walkInventory } from './inventory.ts';
import { walkOAuth } from './oauth.ts';
import { walkNotifications } from './notifications.ts';
import { walkOrganizations } from './organizations.ts';
import { walkReviews } from './reviews.ts';

/** The walk of each domain, by its name. */
export const walks: readonly (readonly [domain: string, walk: Walk])[] = [
  ['accounts', walkAccounts],
  ['the credentials of accounts', walkCredentials],
  ['the apps of accounts', walkOAuth],
  ['organizations', walkOrganizations],
  ['catalog', walkCatalog],
  ['inventory', walkInventory],
  ['reviews', walkReviews],
  ['chat', walkChat],
  ['notifications', walkNotifications],
];
