export * from './tables/credentials.ts';
export * from './tables/oauth.ts';
export * from './tables/people.ts';
export * from './tables/personal-data.ts';
export * from './tables/records.ts';
export * from './tables/schema.ts';
export * from './tables/sessions.ts';
export * from './tables/tokens.ts';
