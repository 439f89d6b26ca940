import { rmSync } from 'node:fs';
import { hash, verify } from '@node-rs/argon2';
import type { LiveTransport } from '@supergraph/platform/bus';
import type { Calls } from '@supergraph/platform/calls';
import { readSettings } from '@supergraph/platform/config';
import { createInProcessLive } from '@supergraph/platform/in-process-bus';
import { withInternalKey } from '@supergraph/platform/internal-key';
import { createLog } from '@supergraph/platform/log';
import { demo, demoPeople } from '@supergraph/schema/demo';
import { startApp } from '../../gateway/app.ts';
import { createTokenVerifier } from '../../gateway/src/access-token.ts';
import { createMemberships } from '../../gateway/src/memberships.ts';
import { makeDataDirectory, startAppProcess } from '../../gateway/tests/support/app-process.ts';
import { median, milliseconds, percentile, perSecond } from '../measure.ts';
import { atLeast, atMost, type Figure } from '../results/figures.ts';
import type { Findings, Scenario } from '../results/parts.ts';
import { createKey, signTokens } from '../subscriptions/tokens.ts';

const goals = { verifyMs: 0.1, membershipMs: 1, signInShare: 0.7 };
const bearers = 2_000;
const atOnce = 4;
/** Sessions that refresh at once. */
const refreshing = 8;
const pace = { rounds: 3, roundMs: 6_000 };
const quickPace: typeof pace = { rounds: 1, roundMs: 1_500 };
/** As accounts hashes; its passwords.ts says why. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

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
async function verifyBearers(live: LiveTransport): Promise<Figure[]> {
  const publicUrl = 'http://graph.test';
  const key = await createKey();
  const people = Array.from({ length: bearers }, (_, number) => `person-${number}`);
  const [practice, tokens] = [await signTokens(key, publicUrl, people), await signTokens(key, publicUrl, people)];
  const verifier = createTokenVerifier({
    issuer: publicUrl,
    audience: `${publicUrl}/graphql`,
    call: <Data>() => Promise.resolve({ signingKeySet: key.keySet } as Data),
    live,
    onKeyGone: () => undefined,
  });
  try {
    const check = (token: string) => verifier.verify(token);
    await timeEach(practice, check);
    const first = await timeEach(tokens, check);
    const again = await timeEach(tokens, check);
    return [
      atMost('a bearer that was not seen before, verified, median', median(first), goals.verifyMs, exactly),
      { what: 'the same, p99', value: exactly(percentile(first, 0.99)) },
      atMost('a bearer that was verified before, median', median(again), goals.verifyMs, exactly),
    ];
  } finally {
    verifier.close();
  }
}

const organizations = `query ($id: ID!) { user(id: $id) { memberships(first: 1) { nodes { organization { id } } } } }`;

/** The gateway's own look at a membership: asked of organizations the first time, known for some seconds afterwards. */
async function findMemberships(
  calls: Calls,
  live: LiveTransport,
  token: (email: string) => Promise<string>,
  url: string,
): Promise<Figure[]> {
  const person = demoPeople[0];
  if (!person) throw new Error('the sample world has no people');
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await token(person.email)}` },
    body: JSON.stringify({ query: organizations, variables: { id: person.id } }),
  });
  const text = await response.text();
  const organizationId = /"organization":\{"id":"([^"]+)"/.exec(text)?.[1];
  if (!organizationId) throw new Error(`the first person of the sample world belongs to no organization: ${text.slice(0, 300)}`);
  const call = calls.as('gateway');
  const cold = await timeEach(Array.from({ length: 50 }), async () => {
    const memberships = createMemberships(call, live);
    await memberships.find(person.id, organizationId);
    memberships.close();
  });
  const memberships = createMemberships(call, live);
  await memberships.find(person.id, organizationId);
  const warm = await timeEach(Array.from({ length: 1_000 }), () => memberships.find(person.id, organizationId));
  memberships.close();
  return [
    { what: 'membership context, asked of organizations, median', value: milliseconds(median(cold)) },
    atMost('membership context, warm, median', median(warm), goals.membershipMs, exactly),
  ];
}

async function post<Data>(url: string, query: string, input: object): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data, errors } = (await response.json()) as { data: Data | null; errors?: unknown };
  if (!data || errors) throw new Error(`the graph answered ${response.status}: ${JSON.stringify(errors)}`);
  return data;
}

const start = 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }';
const proceed =
  'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { tokens { accessToken refreshToken } } } }';

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** A whole sign-in with a password, over HTTP. */
const signIn = async (url: string, email: string): Promise<string> => (await signInFully(url, email)).accessToken;

async function signInFully(url: string, email: string): Promise<Tokens> {
  const { startSignIn } = await post<{ startSignIn: { flow: { id: string } } }>(url, start, { identifier: email });
  const input = { flowId: startSignIn.flow.id, password: demo.password };
  const { continueSignIn } = await post<{ continueSignIn: { flow: { tokens: Tokens } } }>(url, proceed, input);
  return continueSignIn.flow.tokens;
}

/** How often a second work is done, by so many at once. */
async function rateOf(work: (number: number) => Promise<unknown>, durationMs: number): Promise<number> {
  const end = performance.now() + durationMs;
  const begun = performance.now();
  let done = 0;
  const lane = async () => {
    while (performance.now() < end) await work(done++);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return (done * 1_000) / (performance.now() - begun);
}

/** A session's tokens change at the token endpoint, again and again, in eight sessions at once. */
async function raceRefreshes(url: string, durationMs: number): Promise<Figure[]> {
  const sessions = await Promise.all(demoPeople.slice(0, refreshing).map(({ email }) => signInFully(url, email)));
  const times: number[] = [];
  const end = performance.now() + durationMs;
  const begun = performance.now();
  await Promise.all(
    sessions.map(async ({ refreshToken }) => {
      let token = refreshToken;
      while (performance.now() < end) {
        const sent = performance.now();
        const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'first-party', refresh_token: token });
        const response = await fetch(`${url}/oauth/token`, { method: 'POST', body });
        const answer = (await response.json()) as { refresh_token?: string };
        if (!answer.refresh_token) throw new Error(`the token endpoint answered ${response.status}: ${JSON.stringify(answer)}`);
        token = answer.refresh_token;
        times.push(performance.now() - sent);
      }
    }),
  );
  return [
    { what: 'refreshes at the token endpoint', value: perSecond((times.length * 1_000) / (performance.now() - begun)) },
    { what: 'a refresh, p95', value: milliseconds(percentile(times, 0.95)) },
  ];
}

async function raceSignIns(url: string, { rounds, roundMs }: typeof pace, tell: (line: string) => void): Promise<Figure[]> {
  const kept = await hash(demo.password, cost);
  const emails = demoPeople.map(({ email }) => email);
  const whole = (number: number) => signIn(url, emails[number % emails.length] as string);
  const bare = () => verify(kept, demo.password);
  await rateOf(whole, 1_500);
  const rates = { whole: [] as number[], bare: [] as number[] };
  for (let round = 1; round <= rounds; round++) {
    rates.bare.push(await rateOf(bare, roundMs));
    rates.whole.push(await rateOf(whole, roundMs));
    tell(`round ${round}: ${perSecond(rates.whole.at(-1) ?? 0)} sign-ins, ${perSecond(rates.bare.at(-1) ?? 0)} bare hashes`);
  }
  const [wholeRate, bareRate] = [median(rates.whole), median(rates.bare)];
  return [
    { what: 'sign-ins with a password, whole, over HTTP', value: perSecond(wholeRate) },
    { what: 'argon2id alone, at the same cost', value: perSecond(bareRate) },
    atLeast('sign-ins in parts of argon2id alone', wholeRate / bareRate, goals.signInShare, (value) => value.toFixed(2)),
  ];
}

async function run(tell: (line: string) => void, quick: boolean): Promise<Findings> {
  const dataDirectory = makeDataDirectory();
  const unlimited = { RATE_LIMIT_PER_GUEST: '0', RATE_LIMIT_PER_USER: '0' };
  try {
    const verified = await verifyBearers(createInProcessLive());
    tell('bearers are verified');
    const settings = withInternalKey(
      readSettings({ ...unlimited, PORT: '0', ADMIN_PORT: '0', DATA_DIR: dataDirectory, LOG_LEVEL: 'error' }),
    );
    const app = await startApp(settings, createLog('error', 'bench'));
    let found: Figure[];
    try {
      const url = `http://127.0.0.1:${app.port}`;
      found = await findMemberships(app.runtime.calls, createInProcessLive(), (email) => signIn(url, email), url);
    } finally {
      await app.stop();
    }
    tell('memberships are found');
    const served = await startAppProcess({ dataDirectory, environment: unlimited });
    try {
      const raced = await raceSignIns(served.url, quick ? quickPace : pace, tell);
      const refreshed = await raceRefreshes(served.url, quick ? quickPace.roundMs : pace.roundMs);
      tell('tokens are refreshed');
      return {
        figures: [...verified, ...found, ...raced, ...refreshed],
        notes: [
          `${bearers.toLocaleString('en')} bearers of different people, one after the other, by the verifier that the gateway has, its key known; what it has verified it remembers as long as key and token hold.`,
          `A sign-in is two mutations: a flow is begun, a password proven, a session made, tokens signed, everything recorded; ${atOnce} at once, of ${demoPeople.length} people, the load from the same machine.`,
          `Refreshes: ${refreshing} sessions at once, each with the token that its last refresh gave; wanted on four cores: 300/s, 95 of 100 within 50 ms.`,
          'argon2id alone runs in the process of the load, in turns with the sign-ins: 19 MiB, two rounds, one lane.',
        ],
      };
    } finally {
      await served.end();
    }
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

/** What it costs to know who asks. */
export const identity: Scenario = { title: 'Who asks', run };
