import { v7 } from 'uuid';
import { type Answer, type Data, eventually, give, hears, type Person, register, signIn, type World } from '../support/journey.ts';

/** What one domain promises, walked through the composed graph as a client would. */
export type Walk = (world: World) => Promise<void>;

// ——— What several walks do ———

/** An organization of this person's. */
async function found(world: World, { token }: Person, name: string): Promise<string> {
  const { organization } = await give(
    world,
    'mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { organization { id } } }',
    { input: { name }, token },
  );
  return organization.id as string;
}

export interface Shop {
  readonly owner: Person;
  readonly organizationId: string;
  readonly typeId: string;
  readonly categoryId: string;
  /** A word that all its titles hold and no other shop's. */
  readonly word: string;
  act(query: string, options?: { input?: object; variables?: object }): Promise<Data>;
}

/** An organization that sells, with a product type and a category. */
export async function openShop(world: World, owner: Person, name: string): Promise<Shop> {
  const organizationId = await found(world, owner, name);
  const act: Shop['act'] = (query, options) => give(world, query, { ...options, token: owner.token, organizationId });
  const { productType } = await act(
    'mutation ($input: CreateProductTypeInput!) { createProductType(input: $input) { productType { id } } }',
    { input: { code: 'book', name: 'Book', attributes: [{ code: 'isbn', name: 'ISBN', kind: 'ISBN' }] } },
  );
  const { category } = await act(
    'mutation ($input: CreateProductCategoryInput!) { createProductCategory(input: $input) { category { id } } }',
    { input: { name: 'Fiction' } },
  );
  return { owner, organizationId, typeId: productType.id, categoryId: category.id, word: newWord(), act };
}

/** A word that nobody else says: letters alone, so that search takes it for one word and no filter for a telephone number. */
export const newWord = (): string =>
  Array.from(v7().replaceAll('-', ''), (digit) => 'abcdefghijklmnop'[Number.parseInt(digit, 16)]).join('');

export interface Product {
  readonly id: string;
  readonly variantId: string;
  readonly variantVersion: number;
}

const price = (amount: string) => ({ regular: { amount, currency: 'EUR' } });

/** A product of one variant; published unless it shall stay a draft. */
export async function addProduct(world: World, shop: Shop, title: string, { draft = false } = {}): Promise<Product> {
  const { product } = await shop.act(
    'mutation ($input: CreateProductInput!) { createProduct(input: $input) { product { id status variants { id version } } } }',
    {
      input: {
        typeId: shop.typeId,
        title: `${title} ${shop.word}`,
        categoryIds: [shop.categoryId],
        variants: [{ sku: v7(), prices: [price('12.00')] }],
      },
    },
  );
  expect(product.status).toBe('DRAFT');
  if (!draft) {
    const published = await shop.act(publishProduct, { input: { id: product.id } });
    expect(published.product.status).toBe('ACTIVE');
  }
  const [variant] = product.variants;
  return { id: product.id, variantId: variant.id, variantVersion: variant.version };
}

const publishProduct = 'mutation ($input: PublishProductInput!) { publishProduct(input: $input) { product { status } } }';

/** Titles of the products that fit, without the shop's word; as a guest. */
async function titles(world: World, shop: Shop, filter: object = {}): Promise<string[]> {
  const { nodes } = await give(
    world,
    'query ($filter: ProductFilter) { products(first: 50, filter: $filter, orderBy: { field: TITLE, direction: ASC }) { nodes { title } } }',
    { variables: { filter: { sellerIds: [shop.organizationId], ...filter } } },
  );
  return (nodes as { title: string }[]).map(({ title }) => title.replace(` ${shop.word}`, ''));
}

/** Waits until events have brought an answer about. */
const becomes = (what: string, look: () => Promise<unknown>, expected: unknown) =>
  eventually(what, async () => {
    expect(await look()).toEqual(expected);
    return true;
  });

const refusedWith = ({ codes }: Answer) => codes;

// ——— The walks ———

/** From signing up to a stolen refresh token, which ends the session. */
export const walkAccounts: Walk = async (world) => {
  const ana = await register(world, 'Ana');
  const viewer = '{ viewer { id handle email sessions { totalCount nodes { current } } } }';
  expect(await give(world, viewer, { token: ana.token })).toEqual({
    id: ana.id,
    handle: ana.handle,
    email: ana.email,
    sessions: { totalCount: 1, nodes: [{ current: true }] },
  });
  expect(await give(world, '{ viewer { id } }')).toBeNull();

  const ended = world.subscribe('subscription { sessionEnded { sessionId reason } }', { token: ana.token });
  const refresh = 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { tokens { accessToken refreshToken } } }';
  const use = (refreshToken: string) => world.ask(refresh, { input: { refreshToken } });
  const first = (await use(ana.refreshToken)).data.refreshSession.tokens;
  expect(first.refreshToken).not.toBe(ana.refreshToken);
  expect(await give(world, '{ viewer { id } }', { token: first.accessToken })).toEqual({ id: ana.id });
  // The next tokens are used, so the first one shown again is theft at once.
  const second = (await use(first.refreshToken)).data.refreshSession.tokens;
  expect(refusedWith(await use(ana.refreshToken))).toEqual(['UNAUTHENTICATED INVALID_GRANT']);
  expect(refusedWith(await use(second.refreshToken))).toEqual(['UNAUTHENTICATED INVALID_GRANT']);
  await eventually('the end of the session at the gateway', async () =>
    (await world.ask('{ viewer { id } }', { token: second.accessToken })).codes[0]?.startsWith('UNAUTHENTICATED'),
  );
  await ended.close();
  const again = await signIn(world, ana.email);
  expect(await give(world, '{ viewer { handle } }', { token: again.token })).toEqual({ handle: ana.handle });
};

/** Two are invited; one opens the other's link; tenants stay apart. */
export const walkOrganizations: Walk = async (world) => {
  const [ana, bo, cy, dan] = [
    await register(world, 'Ana'),
    await register(world, 'Bo'),
    await register(world, 'Cy'),
    await register(world, 'Dan'),
  ];
  const acme = await found(world, ana, 'Acme');
  const seen = await Promise.all([bo, cy].map(({ email }) => world.mail(email)));
  const invited = await give(
    world,
    'mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) { invitations { email status } failures { code } } }',
    { input: { invitations: [{ email: bo.email }, { email: cy.email }] }, token: ana.token, organizationId: acme },
  );
  expect(invited).toEqual({
    invitations: [
      { email: bo.email, status: 'PENDING' },
      { email: cy.email, status: 'PENDING' },
    ],
    failures: [],
  });
  const [bosSecret, cysSecret] = await Promise.all([bo, cy].map(({ email }) => world.mail(email, seen)));
  expect(bosSecret).not.toBe(cysSecret);
  const accept = `mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { membership { id version status user { displayName } } } }`;
  expect(refusedWith(await world.ask(accept, { input: { token: bosSecret }, token: cy.token }))).toEqual(['FORBIDDEN WRONG_ADDRESS']);

  const changes = world.subscribe('subscription { membershipChanged { status title organization { name } } }', { token: bo.token });
  let membership: Data;
  const act = async () => {
    if (membership) {
      const updated = await give(
        world,
        'mutation ($input: UpdateOrganizationMemberInput!) { updateOrganizationMember(input: $input) { membership { id version } } }',
        {
          input: { membershipId: membership.id, version: membership.version, title: `Clerk ${membership.version}` },
          token: ana.token,
          organizationId: acme,
        },
      );
      membership = updated.membership;
    } else {
      membership = (await give(world, accept, { input: { token: bosSecret }, token: bo.token })).membership;
      // The name comes from accounts.
      expect(membership).toMatchObject({ status: 'ACTIVE', user: { displayName: bo.displayName } });
    }
  };
  expect(await hears(changes, act, () => true)).toMatchObject({
    membershipChanged: { status: 'ACTIVE', organization: { name: 'Acme' } },
  });
  await changes.close();

  const beta = await found(world, dan, 'Beta');
  const current = '{ currentOrganization { name } }';
  expect(await give(world, current, { token: bo.token, organizationId: acme })).toEqual({ name: 'Acme' });
  expect(refusedWith(await world.ask(current, { token: ana.token, organizationId: beta }))).toEqual(['NOT_FOUND']);
  expect(refusedWith(await world.ask(current, { token: cy.token, organizationId: acme }))).toEqual(['NOT_FOUND']);
};

/** From an empty shop to a book that everybody finds, whose price falls while somebody looks. */
export const walkCatalog: Walk = async (world) => {
  const shop = await openShop(world, await register(world, 'Ana'), 'Book Shop');
  const book = await addProduct(world, shop, 'Lighthouse', { draft: true });
  const read = 'query ($id: ID!) { product(id: $id) { title seller { name } variants { price { amount { amount } } } } }';
  expect(await give(world, read, { variables: { id: book.id } })).toBeNull();
  await shop.act(publishProduct, { input: { id: book.id } });
  expect(await give(world, read, { variables: { id: book.id } })).toEqual({
    title: `Lighthouse ${shop.word}`,
    seller: { name: 'Book Shop' },
    variants: [{ price: { amount: { amount: '12.00' } } }],
  });
  for (const title of ['Anchor', 'Beacon', 'Compass', 'Dune']) await addProduct(world, shop, title);
  await becomes('the search', () => titles(world, shop, { search: `beacon ${shop.word}` }), ['Beacon']);
  expect(await titles(world, shop, { categoryIds: [shop.categoryId] })).toEqual(['Anchor', 'Beacon', 'Compass', 'Dune', 'Lighthouse']);

  const page = async (after?: string) =>
    give(
      world,
      `query ($filter: ProductFilter, $after: String) {
        products(first: 2, after: $after, filter: $filter, orderBy: { field: TITLE, direction: ASC }) {
          nodes { title } pageInfo { hasNextPage endCursor }
        }
      }`,
      { variables: { filter: { sellerIds: [shop.organizationId] }, after } },
    );
  const paged: string[] = [];
  let after: string | undefined;
  do {
    const { nodes, pageInfo } = await page(after);
    paged.push(...(nodes as { title: string }[]).map(({ title }) => title.split(' ')[0] ?? ''));
    after = pageInfo.hasNextPage ? (pageInfo.endCursor as string) : undefined;
  } while (after);
  expect(paged).toEqual(['Anchor', 'Beacon', 'Compass', 'Dune', 'Lighthouse']);

  const updates = world.subscribe(
    'subscription ($ids: [ID!]!) { productUpdated(ids: $ids) { id variants { price { amount { amount } } } } }',
    {
      variables: { ids: [book.id] },
    },
  );
  let version = book.variantVersion;
  let cents = 100;
  const lower = async () => {
    const { variant } = await shop.act(
      'mutation ($input: SetVariantPricesInput!) { setVariantPrices(input: $input) { variant { version } } }',
      { input: { variantId: book.variantId, version, prices: [price(`9.${String((cents -= 1)).padStart(2, '0')}`)] } },
    );
    version = variant.version;
  };
  const heard = await hears(updates, lower, () => true);
  expect(heard.productUpdated).toMatchObject({
    id: book.id,
    variants: [{ price: { amount: { amount: expect.stringMatching(/^9\.\d\d$/) as string } } }],
  });
  await updates.close();

  const stranger = await register(world, 'Bo');
  const own = await found(world, stranger, 'Elsewhere');
  const rename = 'mutation ($input: UpdateProductInput!) { updateProduct(input: $input) { product { id } } }';
  const input = { id: book.id, version: 1, title: 'Mine' };
  expect(refusedWith(await world.ask(rename, { input, token: stranger.token, organizationId: own }))).toEqual(['NOT_FOUND']);
  expect(refusedWith(await world.ask(rename, { input, token: stranger.token, organizationId: shop.organizationId }))).toEqual([
    'NOT_FOUND',
  ]);
  expect(refusedWith(await world.ask(rename, { input }))[0]).toMatch(/^UNAUTHENTICATED/);
};

/** A warehouse is filled, and the product's page follows. */
export const walkInventory: Walk = async (world) => {
  const shop = await openShop(world, await register(world, 'Ana'), 'Stock Shop');
  const book = await addProduct(world, shop, 'Tide');
  const { warehouse } = await shop.act('mutation ($input: CreateWarehouseInput!) { createWarehouse(input: $input) { warehouse { id } } }', {
    input: { code: 'MAIN', name: 'Main', address: { line1: 'Quay 1', locality: 'Bremen', countryCode: 'DE' } },
  });
  const read =
    'query ($id: ID!) { product(id: $id) { availability { status variantsInStock } variants { availability { status quantity } } } }';
  const look = () => give(world, read, { variables: { id: book.id } });
  await becomes('the variant in inventory', look, {
    availability: { status: 'OUT_OF_STOCK', variantsInStock: 0 },
    variants: [{ availability: { status: 'OUT_OF_STOCK', quantity: 0 } }],
  });
  const changes = world.subscribe(
    'subscription ($ids: [ID!]!) { availabilityChanged(variantIds: $ids) { id availability { quantity } } }',
    {
      variables: { ids: [book.variantId] },
    },
  );
  let onHand = 0;
  const put = async () => {
    const { results } = await shop.act(
      'mutation ($input: AdjustStockInput!) { adjustStock(input: $input) { results { level { onHand } } } }',
      {
        input: {
          reason: 'CORRECTION',
          lines: [{ variantId: book.variantId, warehouseId: warehouse.id, delta: 1, unitCost: { amount: '2.00', currency: 'EUR' } }],
        },
      },
    );
    expect(results).toEqual([{ level: { onHand: (onHand += 1) } }]);
  };
  const heard = await hears(changes, put, () => true);
  expect(heard.availabilityChanged).toEqual({ id: book.variantId, availability: { quantity: expect.any(Number) as number } });
  await changes.close();
  expect((await look()).variants).toMatchObject([{ availability: { quantity: onHand } }]);
  await becomes('the filter of the catalog', () => titles(world, shop, { inStock: true }), ['Tide']);
};

const submitReview = 'mutation ($input: SubmitReviewInput!) { submitReview(input: $input) { review { id status } } }';

/** Reviews of a product: one each, none by the seller, and the catalog follows. */
export const walkReviews: Walk = async (world) => {
  const shop = await openShop(world, await register(world, 'Ana'), 'Rated Shop');
  const [tea, coffee] = [await addProduct(world, shop, 'Tea'), await addProduct(world, shop, 'Coffee')];
  const subjectOf = ({ id }: Product) => ({ kind: 'PRODUCT', id });
  const review = (token: string, product: Product, rating: number) =>
    world.ask(submitReview, { input: { subject: subjectOf(product), rating, title: 'As it is' }, token });
  const rating = async () =>
    (await give(world, 'query ($id: ID!) { product(id: $id) { rating { average count } } }', { variables: { id: tea.id } })).rating;
  await becomes('the product in reviews', rating, { average: null, count: 0 });

  const updates = world.subscribe(
    'subscription ($subjects: [ReviewSubjectInput!]!) { ratingUpdated(subjects: $subjects) { subject { ... on Product { title } } rating { average count } } }',
    { variables: { subjects: [subjectOf(tea)] } },
  );
  const [bo, cy] = [await register(world, 'Bo'), await register(world, 'Cy')];
  // Reviews takes a product that it has not heard of yet for unknown.
  const first = await eventually('the product in reviews', async () => {
    const answer = await review(bo.token, tea, 4);
    return answer.codes[0] === 'NOT_FOUND' ? undefined : answer;
  });
  expect(first.data.submitReview.review.status).toBe('PUBLISHED');
  expect(await rating()).toEqual({ average: 4, count: 1 });
  const second = await review(bo.token, tea, 5);
  expect(second.codes[0]).toMatch(/^CONFLICT/);
  expect(second.errors[0]?.extensions['reviewId']).toBe(first.data.submitReview.review.id);
  // That she belongs to the seller is told to reviews by an event.
  await becomes('the seller in reviews', async () => (await review(shop.owner.token, tea, 5)).codes, ['FORBIDDEN OWN_SUBJECT']);

  let sent = 0;
  const others = [cy, await register(world, 'Dan'), await register(world, 'Eve'), await register(world, 'Fay')];
  const another = async () => {
    const who = others[sent];
    if (!who) return;
    sent += 1;
    expect((await review(who.token, tea, 5)).codes).toEqual([]);
  };
  const heard = await hears(updates, another, (data) => data.ratingUpdated.rating.count > 1);
  // The title comes from catalog.
  expect(heard.ratingUpdated.subject).toEqual({ title: `Tea ${shop.word}` });
  await updates.close();
  expect(await rating()).toMatchObject({ count: 1 + sent });

  await review(cy.token, coffee, 2);
  await becomes('the filter of the catalog', () => titles(world, shop, { minRating: 4 }), ['Tea']);
  await becomes('the filter of the catalog', () => titles(world, shop, { minRating: 2 }), ['Coffee', 'Tea']);
};

const startDirect =
  'mutation ($input: StartDirectConversationInput!) { startDirectConversation(input: $input) { conversation { id cursor } } }';
const sendMessage = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id seq } } }';

/** Says something, with an id of the client's own so that it may be repeated. */
export const say = (world: World, { token }: Pick<Person, 'token'>, conversationId: string, body: string, clientMessageId: string = v7()) =>
  world.ask(sendMessage, { input: { conversationId, clientMessageId, body }, token });

/** Begins a direct talk; chat may still have to hear that the other exists. */
export async function talk(world: World, one: Person, other: Person): Promise<{ id: string; cursor: string }> {
  return eventually('the person in chat', async () => {
    const { data, codes } = await world.ask(startDirect, { input: { userId: other.id }, token: one.token });
    return codes.length > 0 ? undefined : (data.startDirectConversation.conversation as { id: string; cursor: string });
  });
}

/** A direct talk that both start at once, a group, and a stream that is cut and taken up again. */
export const walkChat: Walk = async (world) => {
  const [ana, bo, cy] = [await register(world, 'Ana'), await register(world, 'Bo'), await register(world, 'Cy')];
  const dan = await register(world, 'Dan');
  // Chat has heard of all of them once it has heard of the last.
  for (const other of [bo, cy]) await talk(world, dan, other);
  await talk(world, dan, ana);
  const [one, other] = await Promise.all([talk(world, ana, bo), talk(world, bo, ana)]);
  expect(one.id).toBe(other.id);

  const { conversation: group } = await give(
    world,
    'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id participantCount } } }',
    { input: { name: 'Launch', userIds: [bo.id, cy.id] }, token: ana.token },
  );
  expect(group.participantCount).toBe(3);
  const added = `subscription ($id: ID!, $after: String) {
    messageAdded(conversationId: $id, after: $after) { cursor node { seq body author { displayName } } }
  }`;
  const first = await give(
    world,
    'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { conversation { messages(first: 1) { edges { cursor } } } } } }',
    { input: { conversationId: group.id, clientMessageId: v7(), body: 'one' }, token: ana.token },
  );
  const after = first.message.conversation.messages.edges[0].cursor as string;
  const live = world.subscribe(added, { variables: { id: group.id, after }, token: bo.token });
  const repeated = v7();
  await Promise.all([say(world, ana, group.id, 'two', repeated), say(world, ana, group.id, 'two', repeated)]);
  const second = (await live.next()).messageAdded;
  expect(second.node).toEqual({ seq: 2, body: 'two', author: { displayName: ana.displayName } });
  await live.close();

  for (const body of ['three', 'four', 'five']) expect((await say(world, cy, group.id, body)).codes).toEqual([]);
  const resumed = world.subscribe(added, { variables: { id: group.id, after: second.cursor }, token: bo.token });
  const heard = [await resumed.next(), await resumed.next(), await resumed.next()].map(({ messageAdded }) => messageAdded.node);
  expect(heard).toEqual(
    ['three', 'four', 'five'].map((body, index) => ({ seq: index + 3, body, author: { displayName: cy.displayName } })),
  );
  await say(world, ana, group.id, 'six');
  expect((await resumed.next()).messageAdded.node).toMatchObject({ seq: 6, body: 'six' });
  await resumed.close();

  expect((await say(world, dan, group.id, 'let me in')).codes).toEqual(['NOT_FOUND']);
  const outsider = world.subscribe(added, { variables: { id: group.id }, token: dan.token });
  await expect(outsider.next()).rejects.toThrow('NOT_FOUND');
  await outsider.close();
};

interface Notices {
  readonly unread: number;
  readonly edges: readonly { readonly cursor: string; readonly node: Data }[];
}

/** The viewer's notices; those of one conversation are joined, so their counts tell how many events there were. */
export async function readNotices(world: World, { token }: Pick<Person, 'token'>): Promise<Notices> {
  const viewer = await give(
    world,
    '{ viewer { unreadNotificationCount notifications(first: 50) { edges { cursor node { id kind count readAt actor { displayName } } } } } }',
    { token },
  );
  return { unread: viewer.unreadNotificationCount, edges: viewer.notifications.edges };
}

/** A message makes a notice, which is heard, counted and read. */
export const walkNotifications: Walk = async (world) => {
  const [ana, bo, cy] = [await register(world, 'Ana'), await register(world, 'Bo'), await register(world, 'Cy')];
  const { id } = await talk(world, ana, bo);
  for (const body of ['Are you there?', 'It is me']) expect((await say(world, ana, id, body)).codes).toEqual([]);
  const first = await eventually('the notice of both messages', async () => {
    const { unread, edges } = await readNotices(world, bo);
    return edges[0]?.node.count === 2 ? { unread, ...edges[0] } : undefined;
  });
  expect(first).toMatchObject({ unread: 1, node: { kind: 'DIRECT_MESSAGE', readAt: null, actor: { displayName: ana.displayName } } });

  const added = world.subscribe(
    'subscription ($after: String) { notificationAdded(after: $after) { node { id count actor { displayName } } } }',
    { variables: { after: first.cursor }, token: bo.token },
  );
  const other = await talk(world, cy, bo);
  expect((await say(world, cy, other.id, 'And me')).codes).toEqual([]);
  const { node } = (await added.next()).notificationAdded;
  expect(node).toMatchObject({ count: 1, actor: { displayName: cy.displayName } });
  await added.close();
  expect((await readNotices(world, bo)).unread).toBe(2);
  expect((await readNotices(world, ana)).edges).toEqual([]);

  const markRead = 'mutation ($input: MarkNotificationsReadInput!) { markNotificationsRead(input: $input) { counts { unread } } }';
  const read = (who: Person) => world.ask(markRead, { input: { ids: [first.node.id] }, token: who.token });
  expect(refusedWith(await read(cy))).toEqual(['NOT_FOUND']);
  expect((await read(bo)).data.markNotificationsRead).toEqual({ counts: { unread: 1 } });
  const after = await readNotices(world, bo);
  expect(after.unread).toBe(1);
  expect(after.edges.find(({ node: { id: known } }) => known === first.node.id)?.node.readAt).not.toBeNull();
};
