import { categories, categoryByKey, categoryOfKind, isKnownKind, wordsFor } from './catalogue.ts';
import { plainText } from './sentences.ts';

const nobody = { data: {}, actors: [], count: 1 };

test('a value is one line of plain text, whatever it was made of; letters are never cut apart', () => {
  expect(plainText(' a\n\u202Eb\u0000  c ')).toBe('a b c');
  const long = plainText('👩‍🚀'.repeat(100));
  expect(long.length).toBeLessThanOrEqual(200);
  expect(long.endsWith('👩‍🚀…')).toBe(true);
});

test.each([
  [[], 'Somebody'],
  [[null], 'Somebody'],
  [['Ada'], 'Ada'],
  [['Ada', null], 'Ada and Somebody'],
  [['Ada', 'Bo', 'Cy'], 'Ada and 2 others'],
])('people are named briefly: %j is %s', (actors, named) => {
  const { title } = wordsFor('chat', 'ADDED_TO_GROUP', { ...nobody, actors, data: { conversationName: 'Lunch' } });
  expect(title).toBe(`${named} added you to Lunch`);
});

test('what accounts tells reads well', () => {
  const words = (kind: string, data: Record<string, unknown>) => wordsFor('accounts', kind, { ...nobody, data });
  expect(words('CREDENTIAL_CHANGED', { credential: 'PASSWORD', change: 'CHANGED' }).title).toBe('Your password was changed');
  expect(words('CREDENTIAL_CHANGED', { credential: 'constructor', change: 'CHANGED' }).title).toBe(
    'A credential of your account was changed',
  );
  expect(words('DELETION_SCHEDULED', { erasesAt: '2026-12-24T10:00:00.000Z' }).title).toBe(
    'Your account will be erased on 24 December 2026',
  );
  expect(words('DELETION_SCHEDULED', { erasesAt: 'soon' }).title).toBe('Your account will be erased');
  expect(words('NEW_DEVICE', { device: 'Firefox', ipAddress: null })).toEqual({ title: 'New sign-in from Firefox', body: null });
});

test('unknown kinds and categories belong to the other category of their domain, names of the language itself too', () => {
  expect(categoryOfKind('chat', 'toString')).toBe('chat.other');
  expect(isKnownKind('chat', 'MENTION')).toBe(true);
  expect(categoryByKey('weather.other')).toMatchObject({ domain: 'weather', key: 'weather.other' });
  expect(categories.every(({ key, domain }) => key.startsWith(`${domain}.`))).toBe(true);
});
