import type { LiveTransport } from '@supergraph/platform/bus';
import type { Calls } from '@supergraph/platform/calls';
import { demoPeople } from '@supergraph/schema/demo';
import { createTokenVerifier } from '../../../gateway/src/access-token.ts';
import { createMemberships } from '../../../gateway/src/memberships.ts';
import { createPersonalTokens } from '../../../gateway/src/personal-tokens.ts';
import { median, milliseconds, percentile } from '../../measure.ts';
import { atMost, type Figure } from '../../results/figures.ts';
import { createKey, signTokens } from '../../subscriptions/tokens.ts';
import { post } from './people.ts';

const goals = { verifyMs: 0.1, verifyP95Ms: 0.5, membershipMs: 1, membershipAskedP95Ms: 5, personalTokenP95Ms: 2 };
/** How many different people are looked at. */
export const bearers = 2_000;
/** How often, with fresh tokens each time: a moment in which the machine does something else shall not decide. */
const rounds = 3;

const exactly = (value: number): string => `${value.toFixed(3)} ms`;

async function timeEach<Thing>(things: readonly Thing[], work: (thing: Thing) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (const thing of things) {
    const begun = performance.now();
    await work(thing);
    times.push(performance.now() - begun);
  }
  return times;
}

/** The gateway's own verifier, with the key that accounts would tell it. */
export async function verifyBearers(live: LiveTransport): Promise<Figure[]> {
  const publicUrl = 'http://graph.test';
  const key = await createKey();
  const people = Array.from({ length: bearers }, (_, number) => `person-${number}`);
  const verifier = createTokenVerifier({
    issuer: publicUrl,
    audience: `${publicUrl}/graphql`,
    call: <Data>() => Promise.resolve({ signingKeySet: key.keySet } as Data),
    live,
    onKeyGone: () => undefined,
  });
  try {
    const check = (token: string) => verifier.verify(token);
    await timeEach(await signTokens(key, publicUrl, people), check);
    const [first, again]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const tokens = await signTokens(key, publicUrl, people);
      first.push(...(await timeEach(tokens, check)));
      again.push(...(await timeEach(tokens, check)));
    }
    return [
      atMost('a bearer that was not seen before, verified, median', median(first), goals.verifyMs, exactly),
      atMost('the same, p95', percentile(first, 0.95), goals.verifyP95Ms, exactly),
      atMost('a bearer that was verified before, median', median(again), goals.verifyMs, exactly),
    ];
  } finally {
    verifier.close();
  }
}

interface Memberships {
  readonly memberships: { readonly nodes: readonly { readonly organization: { readonly id: string } }[] };
}

const organizations = `query ($id: ID!) { user(id: $id) { memberships(first: 1) { nodes { organization { id } } } } }`;

/** The gateway's own look at a membership: asked of organizations the first time, known for some seconds afterwards. */
export async function findMemberships(
  calls: Calls,
  live: LiveTransport,
  token: (email: string) => Promise<string>,
  url: string,
): Promise<Figure[]> {
  const person = demoPeople[0];
  if (!person) throw new Error('the sample world has no people');
  const { user } = await post<{ user: Memberships }>(url, organizations, { id: person.id }, await token(person.email));
  const organizationId = user.memberships.nodes[0]?.organization.id;
  if (!organizationId) throw new Error('the first person of the sample world belongs to no organization');
  const call = calls.as('gateway');
  let now = 0;
  const memberships = createMemberships(call, live, { now: () => now });
  const findAnew = () => {
    // By then what was found before is forgotten.
    now += 600_000;
    return memberships.find(person.id, organizationId);
  };
  await timeEach(Array.from({ length: 200 }), findAnew);
  const cold = await timeEach(Array.from({ length: 1_000 }), findAnew);
  const warm = await timeEach(Array.from({ length: 1_000 }), () => memberships.find(person.id, organizationId));
  memberships.close();
  return [
    { what: 'membership context, asked of organizations, median', value: milliseconds(median(cold)) },
    atMost('the same, p95', percentile(cold, 0.95), goals.membershipAskedP95Ms, milliseconds),
    atMost('membership context, warm, p95', percentile(warm, 0.95), goals.membershipMs, exactly),
  ];
}

const create = 'mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { secret } }';

/** The gateway's own look at personal access tokens: asked of accounts the first time, known for some seconds afterwards. */
export async function findPersonalTokens(
  calls: Calls,
  live: LiveTransport,
  token: (email: string) => Promise<string>,
  url: string,
): Promise<Figure[]> {
  const person = demoPeople[0];
  if (!person) throw new Error('the sample world has no people');
  const input = { name: 'Bench', scopes: ['accounts:read'] };
  const made = await post<{ createAccessToken: { secret: string } }>(url, create, { input }, await token(person.email));
  const { secret } = made.createAccessToken;
  const tokens = createPersonalTokens(calls.as('gateway'), live);
  try {
    const cold = await timeEach(Array.from({ length: 50 }), async () => {
      tokens.forget();
      await tokens.find(secret);
    });
    const warm = await timeEach(Array.from({ length: 1_000 }), () => tokens.find(secret));
    return [
      { what: 'personal access token, asked of accounts, median', value: milliseconds(median(cold)) },
      atMost('personal access token, warm, p95', percentile(warm, 0.95), goals.personalTokenP95Ms, exactly),
    ];
  } finally {
    tokens.close();
  }
}
