export * from './tables/domains.ts';
export * from './tables/invitations.ts';
export * from './tables/members.ts';
export * from './tables/organizations.ts';
export * from './tables/records.ts';
export * from './tables/schema.ts';
export * from './tables/settings.ts';
