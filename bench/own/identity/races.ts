import { availableParallelism, cpus } from 'node:os';
import { hash, verify } from '@node-rs/argon2';
import { readSettings } from '@supergraph/platform/config';
import { demo } from '@supergraph/schema/demo';
import { median, milliseconds, percentile, perSecond } from '../../measure.ts';
import { atLeast, atMost, type Figure } from '../../results/figures.ts';
import { addresses, administrator, post, refresh, signIn } from './people.ts';

const goals = { signIns: 40, signInP95Ms: 400, signInShare: 0.7, hashing: 0.9, busy: 0.9, requestsWhileKeysChange: 500 };
/** Sign-ins at once. */
export const atOnce = 8;
/** Sessions that refresh at once. */
export const refreshing = 8;
/** Requests at once while keys change. */
const asking = 16;
/** How often keys change meanwhile. */
export const keyChanges = 3;
/** As accounts hashes by default. */
const { memoryMib, rounds } = readSettings({}).passwordHash;
const cost = { memoryCost: memoryMib * 1_024, timeCost: rounds, parallelism: 1 };

export interface RacePace {
  readonly rounds: number;
  readonly roundMs: number;
}

interface Race {
  readonly rate: number;
  readonly times: readonly number[];
}

/** Does a work again and again for so long, in lanes beside each other; how often a second, and how long each took. */
async function race(lanes: number, durationMs: number, work: (number: number, lane: number) => Promise<unknown>): Promise<Race> {
  const begun = performance.now();
  const times: number[] = [];
  let number = 0;
  const run = async (lane: number) => {
    while (performance.now() - begun < durationMs) {
      const sent = performance.now();
      await work(number++, lane);
      times.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
  return { rate: (times.length * 1_000) / (performance.now() - begun), times };
}

interface ProcessorTimes {
  readonly idle: number;
  readonly all: number;
}

/** What the machine's processors have done so far. */
function processorTimes(): ProcessorTimes {
  const times = cpus().map(({ times: each }) => each);
  return {
    idle: times.reduce((sum, { idle }) => sum + idle, 0),
    all: times.reduce((sum, each) => sum + Object.values(each).reduce((total, part) => total + part, 0), 0),
  };
}

/** What was not idle in between: where it is less than all, something else than work is waited for. */
const busyShare = (before: ProcessorTimes, after: ProcessorTimes): number => 1 - (after.idle - before.idle) / (after.all - before.all);

interface Hashing {
  readonly seconds: number;
  readonly lanes: number;
}

/** How long the program has hashed so far, and how many hashes it does at once, as it tells operators. */
async function hashingOf(adminUrl: string): Promise<Hashing> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const value = (what: string) => {
    const found = new RegExp(`^accounts_password_hashes_${what} (\\S+)$`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`the program does not tell of accounts_password_hashes_${what}`);
    return Number(found);
  };
  return { seconds: value('seconds_sum'), lanes: value('lanes') };
}

/** Whole sign-ins, in turns with the hash alone. */
export async function raceSignIns(
  { url, adminUrl }: { readonly url: string; readonly adminUrl: string },
  { rounds, roundMs }: RacePace,
  tell: (line: string) => void,
): Promise<Figure[]> {
  const kept = await hash(demo.password, cost);
  const whole = (number: number) => signIn(url, addresses[number % addresses.length] as string);
  const bare = () => verify(kept, demo.password);
  const processors = availableParallelism();
  await race(atOnce, 1_500, whole);
  const none = (): number[] => [];
  const rates = { whole: none(), bare: none(), apart: none(), p95: none(), hashing: none(), busy: none() };
  for (let round = 1; round <= rounds; round++) {
    rates.bare.push((await race(atOnce, roundMs, bare)).rate);
    rates.apart.push((await race(processors, roundMs, bare)).rate);
    const [processorsBefore, hashingBefore, begun] = [processorTimes(), await hashingOf(adminUrl), performance.now()];
    const { rate, times } = await race(atOnce, roundMs, whole);
    const tookSeconds = (performance.now() - begun) / 1_000;
    const { seconds, lanes } = await hashingOf(adminUrl);
    rates.busy.push(busyShare(processorsBefore, processorTimes()));
    rates.hashing.push((seconds - hashingBefore.seconds) / (tookSeconds * lanes));
    rates.whole.push(rate);
    rates.p95.push(percentile(times, 0.95));
    tell(`round ${round}: ${perSecond(rate)} sign-ins, ${perSecond(rates.bare.at(-1) ?? 0)} bare hashes`);
  }
  const [wholeRate, bareRate] = [median(rates.whole), median(rates.bare)];
  return [
    atLeast('sign-ins with a password, whole, over HTTP', wholeRate, goals.signIns, perSecond),
    atMost('a sign-in, p95', median(rates.p95), goals.signInP95Ms, milliseconds),
    { what: 'argon2id alone, at the same cost, as many at once as sign in', value: perSecond(bareRate) },
    { what: 'the same, one at a time for each processor', value: perSecond(median(rates.apart)) },
    atLeast('sign-ins in parts of argon2id alone', wholeRate / bareRate, goals.signInShare, (value) => value.toFixed(2)),
    atLeast('of the time that argon2id has, its lanes busy', median(rates.hashing), goals.hashing, (value) => value.toFixed(2)),
    atLeast('of the processors’ time, busy while people sign in', median(rates.busy), goals.busy, (value) => value.toFixed(2)),
  ];
}

/** Sessions' tokens change at the token endpoint, again and again. */
export async function raceRefreshes(url: string, durationMs: number): Promise<Figure[]> {
  const sessions = await Promise.all(addresses.slice(0, refreshing).map((email) => signIn(url, email)));
  const tokens = sessions.map(({ refreshToken }) => refreshToken);
  const { rate, times } = await race(sessions.length, durationMs, async (_number, lane) => {
    tokens[lane] = (await refresh(url, tokens[lane] as string)).refreshToken;
  });
  return [
    { what: 'refreshes at the token endpoint', value: perSecond(rate) },
    { what: 'a refresh, p95', value: milliseconds(percentile(times, 0.95)) },
  ];
}

const rotate = 'mutation ($input: RotateSigningKeyInput!) { rotateSigningKey(input: $input) { signingKeys { kid } } }';

/** Clients ask and refresh while the keys change; a program whose next key signs at once, without its day of notice. */
export async function changeKeys(url: string, durationMs: number): Promise<Figure[]> {
  const { accessToken } = await signIn(url, administrator());
  const session = await signIn(url, addresses[0] as string);
  let newest = session;
  let refused = 0;
  const isOver = { value: false };
  const refreshes = (async () => {
    while (!isOver.value) newest = await refresh(url, newest.refreshToken);
  })();
  const changes = (async () => {
    for (let change = 0; change < keyChanges; change++) {
      await new Promise((later) => setTimeout(later, durationMs / (keyChanges + 1)));
      await post(url, rotate, { input: {} }, accessToken);
    }
  })();
  const { rate } = await race(asking, durationMs, async (number) => {
    // Half of them with the token from before, half with the newest one.
    const token = number % 2 === 0 ? session.accessToken : newest.accessToken;
    await post(url, '{ viewer { id } }', {}, token).catch(() => {
      refused += 1;
    });
  });
  isOver.value = true;
  await Promise.all([refreshes, changes]);
  return [
    atLeast('requests while keys change', rate, goals.requestsWhileKeysChange, perSecond),
    atMost('of these, with a token that holds, but refused', refused, 0, String),
  ];
}
