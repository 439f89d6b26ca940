/**
 * What tokens can be good for, as people read it when they are asked for their consent. A scope that the graph asks for
 * stands here, or `npm run check` fails.
 */
export const scopes: Readonly<Record<string, string>> = {
  'accounts:read': 'See your account: profile, address, sessions and what happened to it',
  'accounts:write': 'Change your account: profile, ways to sign in, sessions and access tokens',
  'catalog:write': 'Offer products in your name',
  'chat:read': 'Read your conversations',
  'chat:write': 'Write in your conversations',
  'inventory:write': 'Change the stock of what you sell',
  'notifications:read': 'Read your notifications',
  'notifications:write': 'Mark your notifications as read and choose which you get',
  'organizations:read': 'See your organizations and their members',
  'organizations:write': 'Change your organizations as far as you may',
  'reviews:write': 'Write reviews in your name',
};

/** What OpenID Connect adds: who somebody is. */
export const identityScopes: Readonly<Record<string, string>> = {
  openid: 'Know which account is yours',
  profile: 'See your name, handle, language and time zone',
  email: 'See your address',
  offline_access: 'Stay connected while you are away',
};
