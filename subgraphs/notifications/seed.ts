import { asPerson } from '@supergraph/platform/database';
import { seedId, seedTime } from '@supergraph/platform/seed';
import { demoPeople, demoProductId, demoSellers } from '@supergraph/schema/demo';
import { categoryOfKind } from './catalogue.ts';
import type { Context } from './context.ts';
import { Ledger } from './service/ledger.ts';
import { insertFacts } from './store/facts.ts';
import { lockHeads } from './store/feeds.ts';
import { hasNotices, saveNotices } from './store/notices.ts';
import type { Notice } from './store/rows.ts';

interface Sample {
  /** Number of the person, from 1. */
  readonly to: number;
  readonly kind: string;
  readonly data: Notice['data'];
  /** Numbers of those who did it, the latest first. */
  readonly by?: readonly number[];
  readonly count?: number;
  readonly seller?: number;
  readonly subject: readonly [type: string, id: string];
  readonly urgency?: Notice['urgency'];
  readonly state?: 'SEEN' | 'READ' | 'ARCHIVED';
}

const seller = (number: number) => demoSellers[number - 1]?.name ?? '';
const conversation = (number: number) => ['Conversation', seedId('conversation', number)] as const;
/** The sample reviews are numbered in steps of 150. */
const review = (number: number) => ['Review', seedId('review', number * 150)] as const;
const account = (number: number) => ['User', seedId('user', number)] as const;
const organization = (number: number) => ['Organization', seedId('organization', number)] as const;
const product = { subjectKind: 'PRODUCT' };

/** The oldest first; what the first person finds when they sign in. */
const samples: readonly Sample[] = [
  {
    to: 1,
    kind: 'accounts.NEW_DEVICE',
    data: { device: 'Firefox on Linux', ipAddress: '192.0.2.44' },
    subject: account(1),
    urgency: 'HIGH',
    state: 'READ',
  },
  {
    to: 1,
    kind: 'organizations.INVITED',
    by: [5],
    data: { organizationName: seller(2) },
    seller: 2,
    subject: organization(2),
    state: 'READ',
  },
  {
    to: 1,
    kind: 'organizations.ROLE_CHANGED',
    by: [5],
    data: { organizationName: seller(2), roleName: 'Catalog manager' },
    seller: 2,
    subject: organization(2),
    state: 'READ',
  },
  {
    to: 1,
    kind: 'chat.ADDED_TO_GROUP',
    by: [3],
    data: { conversationName: 'Autumn reading list' },
    subject: conversation(4),
    state: 'ARCHIVED',
  },
  {
    to: 1,
    kind: 'reviews.RECEIVED',
    by: [12],
    data: { ...product, subjectId: demoProductId(1), rating: 5 },
    seller: 1,
    subject: review(7),
    state: 'READ',
  },
  {
    to: 1,
    kind: 'accounts.CREDENTIAL_CHANGED',
    data: { credential: 'PASSWORD', change: 'CHANGED' },
    subject: account(1),
    urgency: 'HIGH',
    state: 'SEEN',
  },
  { to: 1, kind: 'reviews.PUBLISHED', data: { ...product, subjectId: demoProductId(2), rating: 4 }, subject: review(14), state: 'SEEN' },
  {
    to: 1,
    kind: 'reviews.RECEIVED',
    by: [17, 21, 30],
    count: 3,
    data: { ...product, subjectId: demoProductId(5), rating: 4 },
    seller: 1,
    subject: review(21),
  },
  {
    to: 1,
    kind: 'chat.GROUP_MESSAGE',
    by: [4, 3],
    count: 6,
    data: { conversationName: 'Harbor Books, back office' },
    seller: 1,
    subject: conversation(5),
    urgency: 'LOW',
  },
  { to: 1, kind: 'reviews.REPLY', data: { ...product, subjectId: demoProductId(6), rating: 2 }, subject: review(28) },
  { to: 1, kind: 'chat.MENTION', by: [7], data: { conversationName: 'Trail weekend' }, subject: conversation(7) },
  { to: 1, kind: 'chat.DIRECT_MESSAGE', by: [2], count: 2, data: {}, subject: conversation(1) },
  {
    to: 2,
    kind: 'accounts.NEW_DEVICE',
    data: { device: 'Safari on macOS', ipAddress: '192.0.2.81' },
    subject: account(2),
    urgency: 'HIGH',
    state: 'READ',
  },
  { to: 2, kind: 'chat.DIRECT_MESSAGE', by: [1], data: {}, subject: conversation(1), state: 'SEEN' },
  { to: 3, kind: 'chat.MENTION', by: [1], data: { conversationName: 'Autumn reading list' }, subject: conversation(4) },
  {
    to: 3,
    kind: 'reviews.RECEIVED',
    by: [12],
    data: { ...product, subjectId: demoProductId(1), rating: 5 },
    seller: 1,
    subject: review(7),
  },
  { to: 5, kind: 'organizations.OWNERSHIP', data: { organizationName: seller(2) }, seller: 2, subject: organization(2), state: 'READ' },
];

const minutesApart = 26 * 60 * 17;

/** A dozen notices of the first sample person, some of them unread, and a few of others. */
export async function seed(ctx: Context): Promise<void> {
  const first = seedId('user', 1);
  if (await asPerson(ctx.db, first, (tx) => hasNotices(tx, first))) return;
  const numbered = samples.map((sample, index) => ({ sample, number: index + 1 }));
  await ctx.db.transaction(async (tx) => {
    for (const [to, own] of Map.groupBy(numbered, ({ sample }) => sample.to)) {
      const recipientId = demoPeople[to - 1]?.id ?? seedId('user', to);
      await asPerson(tx, recipientId, async (inner) => {
        const ledger = new Ledger(await lockHeads(inner, [recipientId]), seedTime(samples.length * minutesApart));
        const rows = own.map(({ sample, number }) => {
          const id = seedId('notification', number);
          const row = makeNotice(sample, {
            id,
            recipientId,
            seq: ledger.log(recipientId, 'ADDED', id),
            at: seedTime(number * minutesApart),
          });
          ledger.count(recipientId, null, row);
          return row;
        });
        await saveNotices(inner, rows);
        await insertFacts(
          inner,
          rows.map(({ id, domain, seq }) => ({ recipientId, domain, dedupeKey: `sample:${id}`, notificationId: id, seq })),
        );
        await ledger.write(inner);
      });
    }
  });
}

interface Place extends Pick<Notice, 'id' | 'recipientId' | 'seq'> {
  readonly at: Date;
}

function makeNotice(
  { kind: name, data, by = [], count = 1, seller: tenant, subject, urgency = 'NORMAL', state }: Sample,
  place: Place,
): Notice {
  const [domain = '', kind = ''] = name.split('.');
  const { at, ...row } = place;
  const later = new Date(at.getTime() + 3_600_000);
  return {
    ...row,
    domain,
    kind,
    category: categoryOfKind(domain, kind),
    urgency,
    organizationId: tenant ? (demoSellers[tenant - 1]?.id ?? null) : null,
    data,
    actorIds: by.map((number) => seedId('user', number)),
    subjectType: subject[0],
    subjectId: subject[1],
    groupKey: null,
    groupOpen: false,
    count,
    createdAt: at,
    updatedAt: at,
    seenAt: state ? later : null,
    readAt: state === 'READ' || state === 'ARCHIVED' ? later : null,
    archivedAt: state === 'ARCHIVED' ? later : null,
    snoozedUntil: null,
    expiresAt: null,
    strippedAt: null,
  };
}
