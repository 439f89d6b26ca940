import { becomes, eventually } from '../../support/eventually.ts';
import { type Answer, type Data, give, type Person, type World } from '../../support/journey.ts';
import { hears, type Stream } from '../../support/listen.ts';
import { register, registerAdministrator, signIn } from '../../support/people.ts';
import { addProduct, openShop, type Product, type Shop, titles } from './shop.ts';
import type { Walk } from './walk.ts';

interface Rated {
  readonly world: World;
  readonly shop: Shop;
  readonly tea: Product;
  readonly coffee: Product;
  readonly bo: Person;
  readonly cy: Person;
}

/** Reviews of a product: one each, none by the seller, answered, voted on, changed, reported; and the catalog follows. */
export const walkReviews: Walk = async (world) => {
  const shop = await openShop(world, await register(world, 'Ana'), 'Rated Shop');
  const [tea, coffee] = [await addProduct(shop, 'Tea'), await addProduct(shop, 'Coffee')];
  const place: Rated = { world, shop, tea, coffee, bo: await register(world, 'Bo'), cy: await register(world, 'Cy') };
  await becomes('the product in reviews', async () => (await ratingOf(place)).average, null);
  const updates = await listen(place);
  const [bosId, cysId] = [await writeFirst(place, updates), await writeSecond(place, updates)];
  await updates.close();
  await beFound(place);
  await vote(place, bosId);
  await answer(place, bosId);
  const moderator = await registerModerator(world);
  await askBefore(place, cysId, moderator);
  await complain(place, bosId, moderator);
};

const fields = 'id version status rating title body editedAt helpfulCount rejectionReason reply { body } pendingEdit { body }';
const submit = `mutation ($input: SubmitReviewInput!) { submitReview(input: $input) { review { ${fields} } } }`;
const update = `mutation ($input: UpdateReviewInput!) { updateReview(input: $input) { review { ${fields} } } }`;
const moderate = `mutation ($input: ModerateReviewInput!) { moderateReview(input: $input) { review { status } } }`;
const subjectOf = ({ id }: Product) => ({ kind: 'PRODUCT', id });

const write = (world: World, { token }: Person, product: Product, rating: number, more: object = {}): Promise<Answer> =>
  world.ask(submit, { input: { subject: subjectOf(product), rating, title: 'As it is', ...more }, token });

const readReview = (world: World, id: string, who?: Person): Promise<Data> =>
  give(world, `query ($id: ID!) { review(id: $id) { ${fields} } }`, { variables: { id }, token: who?.token });

async function change(world: World, who: Person, id: string, input: object): Promise<Data> {
  const { version } = await readReview(world, id, who);
  return (await give(world, update, { input: { id, version, ...input }, token: who.token })).review;
}

async function ratingOf({ world, tea }: Rated): Promise<{ average: number | null; count: number; histogram: number[] }> {
  const query = 'query ($id: ID!) { product(id: $id) { rating { average count histogram { rating count } } } }';
  const { rating } = await give(world, query, { variables: { id: tea.id } });
  return { ...rating, histogram: (rating.histogram as { count: number }[]).map(({ count }) => count) };
}

/** What is heard of the ratings of both products; whether the stream has begun, the coffee shows. */
async function listen({ world, tea, coffee, cy }: Rated): Promise<Stream> {
  const updates = world.subscribe(
    `subscription ($subjects: [ReviewSubjectInput!]!) {
      ratingUpdated(subjects: $subjects) { subject { ... on Product { id title } } rating { average count } }
    }`,
    { variables: { subjects: [subjectOf(tea), subjectOf(coffee)] } },
  );
  // Reviews takes a product that it has not heard of yet for unknown.
  const { review } = await eventually('the coffee in reviews', async () => {
    const { data, codes } = await write(world, cy, coffee, 1);
    return codes[0] === 'NOT_FOUND' ? undefined : data.submitReview;
  });
  let turn = 0;
  await hears(updates, () => change(world, cy, review.id, { rating: ((turn += 1) % 2) + 1 }));
  await change(world, cy, review.id, { rating: 3 });
  return updates;
}

const nextOfTea = async (updates: Stream, { tea }: Rated): Promise<Data> =>
  (await updates.next(({ ratingUpdated }) => ratingUpdated.subject.id === tea.id)).ratingUpdated;

async function writeFirst(place: Rated, updates: Stream): Promise<string> {
  const { world, shop, tea, bo } = place;
  const { review } = await eventually('the tea in reviews', async () => {
    const { data, codes } = await write(world, bo, tea, 4);
    return codes[0] === 'NOT_FOUND' ? undefined : data.submitReview;
  });
  expect(review.status).toBe('PUBLISHED');
  expect(await ratingOf(place)).toMatchObject({ average: 4, count: 1 });
  // The title comes from catalog.
  expect(await nextOfTea(updates, place)).toEqual({
    subject: { id: tea.id, title: `Tea ${shop.word}` },
    rating: { average: 4, count: 1 },
  });
  const again = await write(world, bo, tea, 5);
  expect(again.codes[0]).toMatch(/^CONFLICT/);
  expect(again.errors[0]?.extensions['reviewId']).toBe(review.id);
  // That she belongs to the seller is told to reviews by an event.
  await becomes('the seller in reviews', async () => (await write(world, shop.owner, tea, 5)).codes, ['FORBIDDEN OWN_SUBJECT']);
  return review.id as string;
}

async function writeSecond(place: Rated, updates: Stream): Promise<string> {
  const aspects = ['QUALITY', 'VALUE'].map((code) => ({ code, rating: 5 }));
  const { data } = await write(place.world, place.cy, place.tea, 5, { aspects });
  expect(await ratingOf(place)).toEqual({ average: 4.5, count: 2, histogram: [0, 0, 0, 1, 1] });
  expect((await nextOfTea(updates, place)).rating).toEqual({ average: 4.5, count: 2 });
  return data.submitReview.review.id as string;
}

async function beFound({ world, shop, tea }: Rated): Promise<void> {
  await becomes('the filter of the catalog', () => titles(world, shop, { minRating: 4 }), ['Tea']);
  await becomes('the filter of the catalog', () => titles(world, shop, { minRating: 2 }), ['Coffee', 'Tea']);
  const query = 'query ($id: ID!) { product(id: $id) { reviews(first: 5) { totalCount nodes { title } } } }';
  const { reviews } = await give(world, query, { variables: { id: tea.id } });
  expect(reviews).toEqual({ totalCount: 2, nodes: [{ title: 'As it is' }, { title: 'As it is' }] });
}

async function vote({ world, bo, cy }: Rated, id: string): Promise<void> {
  const cast = ({ token }: Person, value: string | null) =>
    world.ask('mutation ($input: VoteReviewInput!) { voteReview(input: $input) { review { helpfulCount viewerVote } } }', {
      input: { id, vote: value },
      token,
    });
  expect((await cast(cy, 'HELPFUL')).data.voteReview.review).toEqual({ helpfulCount: 1, viewerVote: 'HELPFUL' });
  expect((await cast(cy, null)).data.voteReview.review).toEqual({ helpfulCount: 0, viewerVote: null });
  expect((await cast(bo, 'HELPFUL')).codes).toEqual(['FORBIDDEN OWN_REVIEW']);
}

async function answer(place: Rated, id: string): Promise<void> {
  const { world, shop, bo } = place;
  await shop.act('mutation ($input: ReplyToReviewInput!) { replyToReview(input: $input) { review { id } } }', {
    input: { id, body: 'Thank you' },
  });
  const edited = await change(world, bo, id, { rating: 2 });
  expect(edited).toMatchObject({ rating: 2, title: 'As it is', reply: { body: 'Thank you' }, editedAt: expect.any(String) as string });
  expect(await ratingOf(place)).toMatchObject({ average: 3.5, count: 2 });
}

async function registerModerator(world: World): Promise<Person> {
  const admin = await registerAdministrator(world);
  const person = await register(world, 'Mo');
  await give(world, 'mutation ($input: SetUserRolesInput!) { setUserRoles(input: $input) { user { roles } } }', {
    input: { userId: person.id, roles: ['USER', 'MODERATOR'] },
    token: admin.token,
  });
  return { ...person, ...(await signIn(world, person.email)) };
}

/** A seller who wants to read first: the public sees the old text until a moderator has agreed. */
async function askBefore(place: Rated, id: string, moderator: Person): Promise<void> {
  const { world, shop, cy } = place;
  await shop.act('mutation ($input: SetReviewModerationInput!) { setReviewModeration(input: $input) { moderation { moderation } } }', {
    input: { moderation: 'BEFORE' },
  });
  const waiting = await change(world, cy, id, { body: 'Even better than I thought' });
  expect(waiting).toMatchObject({ body: null, pendingEdit: { body: 'Even better than I thought' } });
  expect(await readReview(world, id)).toMatchObject({ body: null, pendingEdit: null });
  await give(world, moderate, { input: { id, version: waiting.version, decision: 'PUBLISH' }, token: moderator.token });
  expect(await readReview(world, id)).toMatchObject({ body: 'Even better than I thought', pendingEdit: null });
}

async function complain(place: Rated, id: string, moderator: Person): Promise<void> {
  const { world, bo } = place;
  for (const name of ['Dan', 'Eve', 'Fay', 'Gil', 'Hal']) {
    const { token } = await register(world, name);
    const report = 'mutation ($input: ReportReviewInput!) { reportReview(input: $input) { reported } }';
    expect(await give(world, report, { input: { id, reason: 'FALSE_CLAIM' }, token })).toEqual({ reported: true });
  }
  expect(await readReview(world, id)).toBeNull();
  expect(await ratingOf(place)).toMatchObject({ average: 5, count: 1 });
  expect(await readReview(world, id, bo)).toMatchObject({ status: 'PENDING' });
  const { version } = await readReview(world, id, moderator);
  const decision = { id, version, decision: 'REMOVE', reason: 'It speaks of another tea' };
  expect(await give(world, moderate, { input: decision, token: moderator.token })).toEqual({ review: { status: 'REMOVED' } });
  expect(await readReview(world, id, bo)).toMatchObject({ status: 'REMOVED', rejectionReason: 'It speaks of another tea' });
}
