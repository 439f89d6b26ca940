import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { Identity } from './context.ts';
import { unauthenticated } from './errors.ts';

/** Marks our internal tokens, so that no other token signed with the same secret passes for one. */
const type = 'internal-identity+jwt';
const lifetimeSeconds = 60;

/** Who asks and until when, as it travels to a subgraph that runs elsewhere. */
export interface CarriedIdentity {
  readonly identity: Identity;
  /** Milliseconds since 1970. */
  readonly deadline: number;
}

const keys = new Map<string, KeyObject>();

/** Each audience has a key of its own: what leaks from one subgraph opens no other. Deriving it takes longer than signing. */
function keyFor(key: string, audience: string): KeyObject {
  const name = `${audience}\n${key}`;
  const known = keys.get(name);
  if (known) return known;
  const derived = createSecretKey(Buffer.from(hkdfSync('sha256', key, 'supergraph', `internal-identity:${audience}`, 32)));
  keys.set(name, derived);
  return derived;
}

const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: type })).toString('base64url');

interface Signed {
  readonly token: string;
  readonly key: string;
  readonly deadline: number;
  readonly iat: number;
}

/** What was signed for the fetches of a request that is under way. */
const signedOf = new WeakMap<Identity, Map<string, Signed>>();
/** Much less than a token's life, so that whoever gets one again can use it as long as a new one. */
const reusedSeconds = 5;
/** By how much a subgraph may give up too early for the sake of a token that is there already. */
const earlierMs = 100;

/**
 * Signs who asks for one subgraph, for 60 seconds, as a JWT. Fetches of a request that go to one subgraph soon after each
 * other share it; its deadline is then a little earlier than asked for, never later.
 */
export function signIdentity(key: string, audience: string, identity: Identity, deadline: number): string {
  const now = Math.floor(Date.now() / 1_000);
  const signed = signedOf.get(identity) ?? new Map<string, Signed>();
  const known = signed.get(audience);
  if (known && isFit(known, key, deadline, now)) return known.token;
  const token = makeToken(key, audience, { identity, deadline }, now);
  signedOf.set(identity, signed.set(audience, { token, key, deadline, iat: now }));
  return token;
}

const isFit = (known: Signed, key: string, deadline: number, now: number): boolean =>
  known.key === key && known.deadline <= deadline && deadline - known.deadline <= earlierMs && now - known.iat < reusedSeconds;

function makeToken(key: string, audience: string, carried: CarriedIdentity, iat: number): string {
  const claims = JSON.stringify({ ...carried, aud: audience, iat, exp: iat + lifetimeSeconds });
  const signed = `${header}.${Buffer.from(claims).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', keyFor(key, audience)).update(signed).digest('base64url')}`;
}

/** Reads a token that `signIdentity` made for this audience; everything else is UNAUTHENTICATED. */
export async function verifyIdentity(key: string, audience: string, token: string): Promise<CarriedIdentity> {
  try {
    const { payload } = await jwtVerify(token, keyFor(key, audience), {
      algorithms: ['HS256'],
      typ: type,
      audience,
      requiredClaims: ['exp', 'iat', 'identity', 'deadline'],
      maxTokenAge: lifetimeSeconds,
      // The clocks of two machines may differ a little.
      clockTolerance: 5,
    });
    const { identity, deadline } = payload as unknown as CarriedIdentity;
    if (typeof deadline !== 'number' || typeof identity?.requestId !== 'string') throw new Error('a claim is malformed');
    return { identity, deadline };
  } catch (error) {
    throw unauthenticated('the internal token does not hold', { reason: error instanceof Error ? error.name : 'INVALID' });
  }
}
