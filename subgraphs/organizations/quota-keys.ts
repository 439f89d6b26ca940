/** How a quota is counted: what there is right now, or what happened since the period began (UTC). */
export type Counting = 'NOW' | 'MINUTE' | 'DAY' | 'MONTH';

/** Every limit that a tenant may have. The domain in the key's first part enforces it and reports its use; seats and invitations are counted here. */
const counting = {
  seats: 'NOW',
  'invitations.per_day': 'DAY',
  'api.requests_per_minute': 'MINUTE',
  'crm.contacts': 'NOW',
  'tasks.projects': 'NOW',
  'chat.group_size': 'NOW',
  'catalog.products': 'NOW',
  'analytics.events_per_month': 'MONTH',
  'predictions.per_day': 'DAY',
  'events.webhook_endpoints': 'NOW',
  'files.bytes': 'NOW',
} as const satisfies Readonly<Record<string, Counting>>;

export type QuotaKey = keyof typeof counting;
export const quotaKeys = Object.keys(counting) as QuotaKey[];
export const isQuotaKey = (key: string): key is QuotaKey => Object.hasOwn(counting, key);

/** What holds where nobody set a limit: whoever founds an organization must not mail any number of strangers. */
const limitsUnlessSet: Readonly<Partial<Record<QuotaKey, number>>> = { 'invitations.per_day': 500 };
/** The limit of a quota that nobody set; null is unlimited. */
export const limitUnlessSet = (key: QuotaKey): number | null => limitsUnlessSet[key] ?? null;

const countedHere: ReadonlySet<string> = new Set(['seats', 'invitations.per_day']);

/** Whether a domain may tell how much of a quota is used. */
export const mayReport = (domain: string, key: QuotaKey): boolean => !countedHere.has(key) && key.startsWith(`${domain}.`);

/** When the running period of a quota began, and when the next one does; null where nothing begins anew. */
export function periodOf(key: QuotaKey, now: Date): { readonly beganAt: Date; readonly endsAt: Date } | null {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const minute = 60_000;
  switch (counting[key]) {
    case 'NOW':
      return null;
    case 'MINUTE': {
      const beganAt = Math.floor(now.getTime() / minute) * minute;
      return { beganAt: new Date(beganAt), endsAt: new Date(beganAt + minute) };
    }
    case 'DAY':
      return { beganAt: new Date(Date.UTC(year, month, day)), endsAt: new Date(Date.UTC(year, month, day + 1)) };
    case 'MONTH':
      return { beganAt: new Date(Date.UTC(year, month)), endsAt: new Date(Date.UTC(year, month + 1)) };
  }
}
