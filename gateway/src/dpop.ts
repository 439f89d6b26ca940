import { createHash } from 'node:crypto';
import { unauthenticated } from '@supergraph/platform/errors';
import { calculateJwkThumbprint, EmbeddedJWK, errors as joseErrors, type JWK, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';

/** What a proof of possession is shown with. */
export interface ShownProof {
  /** The header `DPoP`. */
  readonly proof: string | undefined;
  readonly accessToken: string;
  /** The thumbprint of the key that the token is bound to. */
  readonly key: string;
  readonly method: string;
  /** The address of the request as clients know it, without its query. */
  readonly url: string;
}

/** What proofs may be signed with. */
export const proofAlgorithms = ['ES256', 'EdDSA', 'RS256'];
/** How far clocks may differ, and how long a proof counts, in seconds. */
const windowSeconds = 60;
const mostRemembered = 200_000;

const refused = (why: string) => unauthenticated(`the proof of possession does not hold: ${why}`, { reason: 'DPOP_INVALID' });

/** Holds proofs of possession against RFC 9449, 4.3. Each counts once; which were shown, each process remembers for itself. */
export function createProofs(): (shown: ShownProof) => Promise<void> {
  const seen = new LRUCache<string, true>({ max: mostRemembered, ttl: 2 * windowSeconds * 1_000 });
  return async ({ proof, accessToken, key, method, url }) => {
    if (!proof) throw unauthenticated('this access token is bound to a key; send a proof in the header DPoP', { reason: 'DPOP_MISSING' });
    const { payload, protectedHeader } = await verify(proof);
    const { iat, jti, htm, htu, ath } = payload;
    if (typeof jti !== 'string' || !jti || jti.length > 500) throw refused('jti is missing');
    if (typeof iat !== 'number' || Math.abs(Date.now() / 1_000 - iat) > windowSeconds) throw refused('iat is not of just now');
    if (htm !== method) throw refused('htm is another method');
    if (typeof htu !== 'string' || !isSame(htu, url)) throw refused('htu is another address');
    if (ath !== createHash('sha256').update(accessToken).digest('base64url')) throw refused('ath is of another token');
    const thumbprint = await calculateJwkThumbprint(protectedHeader.jwk as JWK);
    if (thumbprint !== key) throw refused('it is signed with another key');
    const name = `${thumbprint}\n${jti}`;
    if (seen.has(name)) throw refused('it was shown before');
    seen.set(name, true);
  };
}

async function verify(proof: string) {
  try {
    return await jwtVerify(proof, EmbeddedJWK, { algorithms: proofAlgorithms, typ: 'dpop+jwt', clockTolerance: windowSeconds });
  } catch (error) {
    if (error instanceof joseErrors.JOSEError || error instanceof TypeError) throw refused('it is no proof');
    throw error;
  }
}

function isSame(htu: string, url: string): boolean {
  const shown = URL.parse(htu);
  if (!shown) return false;
  shown.search = '';
  shown.hash = '';
  return shown.href === new URL(url).href;
}
