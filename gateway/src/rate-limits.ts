import type { Identity } from '@supergraph/platform/context';
import { GraphQLError } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import { addressGroup } from './address-group.ts';

/** How many points of cost may be spent in a minute; 0: as many as one likes. */
export interface RateLimitPoints {
  /** Of all guests at one address. */
  readonly guest: number;
  readonly user: number;
  /** Of all users of one app. */
  readonly client: number;
}

/** Bounds what one caller may ask for in a minute, by cost. */
export interface RateLimits {
  /** The error of a caller that has nothing left at all; answers without looking far. */
  spentError(identity: Identity): GraphQLError | undefined;
  /** Takes an operation's cost off what its caller may spend; an error where that is not there, which costs one point. */
  spend(identity: Identity, cost: number): Promise<GraphQLError | undefined>;
  /** Counts a request for the organization that it names; an error where that has made as many as it may. */
  countRequest(identity: Identity): Promise<GraphQLError | undefined>;
}

export interface RateLimitOptions {
  readonly points: RateLimitPoints;
  /** Makes a limiter of so many points a minute; keys begin with its name. */
  readonly limiterOf: (name: string, points: number) => RateLimiterAbstract;
  /** Makes the limiter of organizations, whose limits differ, when the first one is asked for. */
  readonly organizations: () => Promise<RateLimiterAbstract>;
  /** Where neither the store nor what stands in for it answers: callers are let through then. */
  readonly onFailure: (error: unknown) => void;
  /** How many addresses are told apart in a minute; those beyond share what one may spend. */
  readonly mostAddresses?: number;
}

interface Purse {
  readonly limiter: RateLimiterAbstract;
  readonly key: string;
}

const spentKept = 10_000;

/** Users and apps are known by their tokens, guests by their address. */
export function createRateLimits({ points, limiterOf, organizations, onFailure, mostAddresses = 100_000 }: RateLimitOptions): RateLimits {
  const limiters = {
    guest: points.guest > 0 ? limiterOf('guest', points.guest) : undefined,
    user: points.user > 0 ? limiterOf('user', points.user) : undefined,
    client: points.client > 0 ? limiterOf('client', points.client) : undefined,
  };
  const toldApart = createToldApart(mostAddresses);
  const spent = new LRUCache<string, number>({ max: spentKept });
  const pursesOf = ({ viewer, client }: Identity): Purse[] => {
    const purse = (limiter: RateLimiterAbstract | undefined, key: string | null): Purse[] =>
      limiter && key !== null ? [{ limiter, key }] : [];
    if (!viewer) return purse(limiters.guest, toldApart(addressGroup(client.ipAddress ?? '')));
    return [...purse(limiters.user, viewer.userId), ...purse(limiters.client, viewer.clientId)];
  };

  /** To ask for too much is not for nothing: it costs a point. */
  const giveBack = async ({ limiter, key }: Purse, cost: number, refusal: RateLimiterRes | undefined): Promise<void> => {
    const amount = refusal ? cost - 1 : cost;
    if (refusal && refusal.consumedPoints - amount >= limiter.points) spent.set(nameOf(limiter, key), Date.now() + refusal.msBeforeNext);
    if (amount > 0) await limiter.reward(key, amount);
  };

  return {
    spentError: (identity) => {
      for (const { limiter, key } of pursesOf(identity)) {
        const until = spent.get(nameOf(limiter, key));
        if (until !== undefined && until > Date.now()) return spentError(limiter.points, until - Date.now());
      }
      return undefined;
    },
    spend: async (identity, cost) => {
      const purses = pursesOf(identity);
      const outcomes = await Promise.allSettled(purses.map(({ limiter, key }) => limiter.consume(key, cost)));
      const refusals = outcomes.map((outcome) => refusalIn(outcome, onFailure));
      const refused = refusals.findIndex((refusal) => refusal !== undefined);
      if (refused === -1) return undefined;
      // Who asks for less may still get it.
      await Promise.all(purses.map((purse, index) => giveBack(purse, cost, refusals[index]))).catch(onFailure);
      const wait = Math.max(...refusals.map((refusal) => refusal?.msBeforeNext ?? 0));
      return tooDear(cost, purses[refused]?.limiter.points ?? 0, wait);
    },
    countRequest: (identity) => countRequest(identity, organizations, onFailure),
  };
}

/** Limits that bound no caller. */
export const unlimited = { spentError: () => undefined, spend: () => Promise.resolve(undefined) } satisfies Partial<RateLimits>;

/** What an organization may ask for is its own quota, whatever callers may spend. */
export async function countRequest(
  { organization }: Identity,
  limiterOf: RateLimitOptions['organizations'],
  onFailure: RateLimitOptions['onFailure'],
): Promise<GraphQLError | undefined> {
  const limit = organization?.requestsPerMinute;
  if (organization === null || limit === undefined) return undefined;
  try {
    const limiter = await limiterOf();
    const { consumedPoints, msBeforeNext } = await limiter.consume(organization.id, 1);
    return consumedPoints > limit ? tooManyRequests(limit, msBeforeNext) : undefined;
  } catch (error) {
    onFailure(error);
    return undefined;
  }
}

const tooManyRequests = (limit: number, ms: number) =>
  new GraphQLError(`the organization has made its ${limit} requests for this minute, try again in ${secondsOf(ms)} s`, {
    extensions: {
      code: 'RATE_LIMITED',
      reason: 'REQUESTS_PER_MINUTE',
      quota: 'api.requests_per_minute',
      limit,
      retryAfterSeconds: secondsOf(ms),
    },
  });

/** Keeps a flood of addresses from filling the memory: beyond so many in a minute they are one crowd. */
function createToldApart(most: number): (address: string) => string {
  let began = 0;
  let seen = new Set<string>();
  return (address) => {
    if (Date.now() - began >= 60_000) {
      began = Date.now();
      seen = new Set();
    }
    if (seen.size >= most && !seen.has(address)) return 'crowd';
    seen.add(address);
    return address;
  };
}

const nameOf = ({ keyPrefix }: RateLimiterAbstract, key: string): string => `${keyPrefix} ${key}`;

/** What the library rejects with is a result where there was too little left, else a failure. */
function refusalIn(outcome: PromiseSettledResult<RateLimiterRes>, onFailure: (error: unknown) => void): RateLimiterRes | undefined {
  if (outcome.status === 'fulfilled') return undefined;
  const reason: unknown = outcome.reason;
  if (typeof reason === 'object' && reason !== null && 'msBeforeNext' in reason) return reason as RateLimiterRes;
  onFailure(reason);
  return undefined;
}

const secondsOf = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));

const limited = (message: string, details: Readonly<Record<string, unknown>>, ms: number) =>
  new GraphQLError(message, {
    extensions: { code: 'RATE_LIMITED', reason: 'COST_PER_MINUTE', ...details, retryAfterSeconds: secondsOf(ms) },
  });

const spentError = (limit: number, ms: number) =>
  limited(`the ${limit} points of cost for this minute are spent, try again in ${secondsOf(ms)} s`, { limit }, ms);

const tooDear = (cost: number, limit: number, ms: number) =>
  limited(
    `this operation costs ${cost} points, more than is left of the ${limit} for this minute; ask for less, or try again in ${secondsOf(ms)} s`,
    { limit, cost },
    ms,
  );
