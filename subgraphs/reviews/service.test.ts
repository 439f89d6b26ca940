import { person } from '@supergraph/platform/testing';
import { v7 } from 'uuid';
import { blockOf, canSeeInside, canSeeReview, speaksFor, type Standing } from './policy.ts';
import { nextState } from './service/moderate-review.ts';
import { averageOf, contributionOf, differenceOf, scoreOf } from './service/rating.ts';
import { isSuspicious, textHashOf } from './text-filter.ts';

test('the average has two decimals, half up, and there is none of nothing', () => {
  expect([averageOf(0, 0), averageOf(9, 2), averageOf(8, 3), averageOf(13, 3), averageOf(33, 8), averageOf(5, 1)]).toEqual([
    null,
    4.5,
    2.67,
    4.33,
    4.13,
    5,
  ]);
});

test('the score of a thing without reviews is the mean of its kind, and many reviews outweigh it', () => {
  expect(scoreOf({ mean: 4.1, sum: 0, count: 0 })).toBe(4.1);
  expect(scoreOf({ mean: 4, sum: 5, count: 1 })).toBeCloseTo(45 / 11);
  expect(scoreOf({ mean: 4, sum: 5_000, count: 1_000 })).toBeGreaterThan(4.98);
});

test('a change of stars, mark or criteria moves exactly what it touches, and no change moves nothing', () => {
  const before = contributionOf({ status: 'PUBLISHED', rating: 4, verified: false }, { QUALITY: 3 });
  const after = contributionOf({ status: 'PUBLISHED', rating: 2, verified: true }, { VALUE: 5 });
  expect(differenceOf(before, after)).toEqual({
    count: 0,
    sum: -2,
    stars: [0, 1, 0, -1, 0],
    verifiedCount: 1,
    aspects: new Map([
      ['QUALITY', { count: -1, sum: -3 }],
      ['VALUE', { count: 1, sum: 5 }],
    ]),
  });
  expect(differenceOf(before, before)).toBeNull();
  expect(contributionOf({ status: 'PENDING', rating: 4, verified: true }, {})).toBeNull();
});

test('states change only along their arrows', () => {
  const states = ['PENDING', 'PUBLISHED', 'REJECTED', 'REMOVED'] as const;
  const reached = (decision: Parameters<typeof nextState>[1]) =>
    states.map((state) => {
      try {
        return nextState(state, decision);
      } catch (error) {
        return (error as Error & { extensions: { reason: string } }).extensions.reason;
      }
    });
  const no = 'INVALID_STATE';
  expect(reached('PUBLISH')).toEqual(['PUBLISHED', no, no, no]);
  expect(reached('REJECT')).toEqual(['REJECTED', no, no, no]);
  expect(reached('REMOVE')).toEqual(['REMOVED', 'REMOVED', no, no]);
  expect(reached('RESTORE')).toEqual([no, no, 'PUBLISHED', 'PUBLISHED']);
});

test('a published review is for everybody; the rest is for its author and moderators, and a deleted one for nobody', () => {
  const author = person();
  const moderator = person({ roles: ['MODERATOR'] });
  const review = { status: 'PENDING' as const, authorId: author.userId, deletedAt: null };
  expect([null, person(), author, moderator].map((viewer) => canSeeReview(viewer, review))).toEqual([false, false, true, true]);
  expect(canSeeReview(null, { ...review, status: 'PUBLISHED' })).toBe(true);
  expect(canSeeReview(moderator, { ...review, status: 'PUBLISHED', deletedAt: new Date() })).toBe(false);
  expect(canSeeInside(null, { authorId: null })).toBe(false);
});

test('the first of several reasons against a review is told', () => {
  const fine: Standing = {
    subject: { status: 'OPEN' },
    own: false,
    suspended: false,
    reviewed: false,
    verified: false,
    verifiedOnly: false,
  };
  expect(blockOf(fine)).toBeNull();
  expect(blockOf({ ...fine, verifiedOnly: true })).toBe('NOT_VERIFIED');
  expect(blockOf({ ...fine, verifiedOnly: true, verified: true })).toBeNull();
  expect(blockOf({ ...fine, subject: { status: 'CLOSED' }, verifiedOnly: true })).toBe('SUBJECT_CLOSED');
  expect(blockOf({ ...fine, own: true, reviewed: true })).toBe('OWN_SUBJECT');
});

test("the chosen organization's live permission wins over the copied membership", () => {
  const ownerId = v7();
  const member = {
    organizationId: ownerId,
    userId: v7(),
    roleKey: null,
    permissions: ['reviews.review.reply'],
    active: true,
    removed: false,
    epoch: 1,
  };
  const chosen = { organization: { id: ownerId, membershipId: v7(), role: 'GUEST', permissions: [] } };
  expect(speaksFor({ organization: null }, ownerId, member)).toBe(true);
  expect(speaksFor(chosen, ownerId, member)).toBe(false);
  expect(speaksFor({ organization: null }, ownerId, { ...member, active: false })).toBe(false);
  expect(speaksFor({ organization: null }, ownerId, null)).toBe(false);
});

test('the filter sees through spelling, counts links and compares words without case and spacing', () => {
  expect(isSuspicious(['Nice', 'A fine cup of tea'])).toBe(false);
  expect(isSuspicious([null, 'fuuuuuck'])).toBe(true);
  expect(isSuspicious(['www.a.example', 'http://b.example https://c.example'])).toBe(true);
  expect(textHashOf({ title: 'x', body: 'A  b' })).toBe(textHashOf({ title: null, body: 'a B' }));
  expect(textHashOf({ title: null, body: null })).toBeNull();
});
