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

/** Signs who asks for one subgraph, for 60 seconds: a JWT, made at once because each fetch needs a new one. */
export function signIdentity(key: string, audience: string, identity: Identity, deadline: number): string {
  const iat = Math.floor(Date.now() / 1_000);
  const claims = JSON.stringify({ identity, deadline, aud: audience, iat, exp: iat + lifetimeSeconds });
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
