import { hkdfSync } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
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

/** Each audience has a key of its own: what leaks from one subgraph opens no other. */
function keyFor(key: string, audience: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, 'supergraph', `internal-identity:${audience}`, 32));
}

/** Signs who asks for one subgraph, for 60 seconds. */
export function signIdentity(key: string, audience: string, identity: Identity, deadline: number): Promise<string> {
  return new SignJWT({ identity, deadline })
    .setProtectedHeader({ alg: 'HS256', typ: type })
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(`${lifetimeSeconds}s`)
    .sign(keyFor(key, audience));
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
