import { seedId } from '@supergraph/platform/seed';

/** The sample world: what the domains' samples have in common, so that they fit together. Numbers begin at 1. */
export const demo = {
  /** Everybody's password; printed at the start, refused in production. */
  password: 'correct horse battery staple',
  domain: 'example.com',
} as const;

export interface DemoPerson {
  readonly id: string;
  readonly handle: string;
  readonly displayName: string;
  readonly email: string;
}

const firstNames = [
  'Ada',
  'Bruno',
  'Chiara',
  'Dmitri',
  'Esra',
  'Farid',
  'Grace',
  'Hiro',
  'Ines',
  'Jonas',
  'Keiko',
  'Leila',
  'Mateo',
  'Nadia',
  'Oskar',
  'Priya',
  'Quentin',
  'Rosa',
  'Samir',
  'Tove',
  'Umar',
  'Vera',
  'Wanda',
  'Ximena',
  'Yusuf',
  'Zoe',
  'Amara',
  'Boris',
  'Celia',
  'Dario',
  'Elif',
  'Freya',
  'Goran',
  'Hanna',
  'Ivo',
  'Juno',
  'Kofi',
  'Lucia',
  'Milan',
  'Noor',
];
const lastNames = ['Berg', 'Costa', 'Duarte', 'Eriksen', 'Fischer', 'Garcia', 'Haddad', 'Ivanova', 'Jansen', 'Kowalska'];

/** The sample people: number 1 is the one whom the playground signs in, number 2 is the platform's administrator. */
export const demoPeople: readonly DemoPerson[] = firstNames.map((first, index) => {
  const handle = first.toLowerCase();
  return {
    id: seedId('user', index + 1),
    handle,
    displayName: `${first} ${lastNames[index % lastNames.length]}`,
    email: `${handle}@${demo.domain}`,
  };
});

export interface DemoSeller {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly currency: string;
  /** Index into `demoPeople`; the owner comes first. */
  readonly members: readonly number[];
}

/** The sample organizations; all of them sell. The first person owns the first one. */
export const demoSellers: readonly DemoSeller[] = [
  { id: seedId('organization', 1), slug: 'harbor-books', name: 'Harbor Books', currency: 'EUR', members: [0, 2, 3] },
  { id: seedId('organization', 2), slug: 'north-kitchen', name: 'North Kitchen', currency: 'EUR', members: [4, 5, 0] },
  { id: seedId('organization', 3), slug: 'field-and-trail', name: 'Field & Trail', currency: 'EUR', members: [6, 7] },
  { id: seedId('organization', 4), slug: 'studio-supply', name: 'Studio Supply', currency: 'EUR', members: [8, 9] },
];

/** The n-th sample conversation; the first one is the direct talk of the first two people. */
export const demoConversationId = (n: number): string => seedId('conversation', n);

/** How many sample products there are; product n belongs to seller (n - 1) mod 4 and its first variant is variant n. */
export const demoProductCount = 320;
export const demoProductId = (n: number): string => seedId('product', n);
export const demoVariantId = (product: number, nth: number): string => seedId('variant', (product - 1) * 4 + nth);
/** How many variants product n has: 1 to 3. */
export const demoVariantCount = (product: number): number => 1 + (product % 3);
export const demoSellerOf = (product: number): DemoSeller => demoSellers[(product - 1) % demoSellers.length] as DemoSeller;
