export * from './changes.ts';
export * from './conversations.ts';
export * from './messages.ts';
export * from './participants.ts';
export * from './people.ts';
export * from './rows.ts';
