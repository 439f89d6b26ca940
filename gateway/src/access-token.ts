import { createPublicKey, type KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { eventTopic, type LiveTransport } from '@supergraph/platform/bus';
import type { CallDomain } from '@supergraph/platform/context';
import { DomainError, unauthenticated, upstreamUnavailable } from '@supergraph/platform/errors';
import type { JSONWebKeySet, JWK } from 'jose';
import jwt from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';

/** The claims of an access token that holds, and the key that signed it. */
export type VerifiedToken = z.infer<typeof claims> & { readonly kid: string };

const claims = z.object({
  sub: z.string().min(1),
  sid: z
    .string()
    .nullish()
    .transform((value) => value ?? null),
  client_id: z.string().min(1),
  exp: z.number(),
  iat: z.number(),
  scope: z.string().default(''),
  roles: z.array(z.string()).default([]),
  acr: z.enum(['aal1', 'aal2']).catch('aal1'),
  amr: z.array(z.string()).default([]),
  auth_time: z.number().default(0),
  kind: z.enum(['PERSON', 'SERVICE']).default('PERSON'),
  locale: z
    .string()
    .nullish()
    .transform((value) => value ?? null),
  zoneinfo: z
    .string()
    .nullish()
    .transform((value) => value ?? null),
  act: z.object({ sub: z.string() }).optional(),
  jti: z.string(),
  organization_id: z.string().optional(),
  cnf: z.object({ jkt: z.string() }).optional(),
});

export interface TokenVerifier {
  /** The token's claims, or UNAUTHENTICATED. */
  verify(token: string): Promise<VerifiedToken>;
  keySet(): Promise<JSONWebKeySet>;
  close(): void;
}

export interface TokenVerifierOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly call: CallDomain;
  readonly live: Pick<LiveTransport, 'listen'>;
  /** Hears of each key that verifies no more. */
  readonly onKeyGone: (kid: string) => void;
}

/** How long accounts is left alone after it gave no answer. */
const retryPauseMs = 3_000;
/** Tokens of unknown keys wait so long for one another, so that rubbish costs accounts little. */
const newKeyPauseMs = 250;
/** What a key signed that was removed in an emergency is refused this much later at most, also where nobody told. */
const keptMs = 30_000;
const skewSeconds = 60;
/** Of RFC 9068; the header of another kind of token does not pass for ours. */
const tokenType = 'at+jwt';
/** Tokens whose signature held under the keys that still are; a client sends the same one for minutes. */
const mostRemembered = 2_000;

/** Holds access tokens against RFC 9068 and against the keys of accounts, and against nothing else. */
export function createTokenVerifier({ issuer, audience, call, live, onKeyGone }: TokenVerifierOptions): TokenVerifier {
  const keys = createKeys(call, onKeyGone);
  const stopListening = live.listen(eventTopic('accounts.signing_key.rotated'), () => keys.askAnew());
  const verified = new LRUCache<string, { readonly token: VerifiedToken; readonly by: KeySet }>({ max: mostRemembered });
  const remembered = (token: string, keySet: KeySet): VerifiedToken | undefined => {
    const known = verified.get(token);
    return known?.by === keySet && Date.now() / 1_000 < known.token.exp + skewSeconds ? known.token : undefined;
  };
  const check = (token: string, kid: string, { keys: known }: KeySet): VerifiedToken => {
    const key = known.get(kid);
    if (!key) throw new jwt.JsonWebTokenError('no key of ours has the name that the token gives');
    const { header, payload } = jwt.verify(token, key, {
      algorithms: ['ES256', 'RS256'],
      issuer,
      audience,
      clockTolerance: skewSeconds,
      complete: true,
    });
    // The library reads neither; a header that asks for more than we understand is refused (RFC 7515, 4.1.11).
    if (header.typ !== tokenType || 'crit' in header) throw new jwt.JsonWebTokenError('the token is of another type');
    return { ...readClaims(payload), kid };
  };
  return {
    // Others verify by it as well: they hear of the next key as soon as it is there.
    keySet: async () => (await keys.newer().catch(() => keys.current())).set,
    close: stopListening,
    verify: async (token) => {
      try {
        let by = await keys.current();
        const known = remembered(token, by);
        if (known) return known;
        const kid = kidOf(token);
        if (!by.keys.has(kid)) by = await keys.newer();
        const found = check(token, kid, by);
        verified.set(token, { token: found, by });
        return found;
      } catch (error) {
        if (error instanceof DomainError) throw error;
        throw refusalOf(error);
      }
    },
  };
}

/** The name that a token gives its key, not held against anything yet. */
function kidOf(token: string): string {
  const header = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString()) as { kid?: unknown } | null;
  const kid = header?.kid;
  if (typeof kid !== 'string') throw new jwt.JsonWebTokenError('the token names no key');
  return kid;
}

function readClaims(payload: unknown): z.infer<typeof claims> {
  const read = claims.safeParse(payload);
  if (!read.success) throw unauthenticated('the access token lacks what ours have; sign in again');
  if (read.data.iat > Date.now() / 1_000 + skewSeconds) throw unauthenticated('the access token does not hold; sign in again');
  return read.data;
}

function refusalOf(error: unknown): DomainError {
  if (error instanceof jwt.TokenExpiredError)
    return unauthenticated('the access token has expired; get a new one', { reason: 'TOKEN_EXPIRED' });
  return unauthenticated('the access token does not hold; sign in again', { reason: 'TOKEN_INVALID' });
}

/** Keys, as they are published and as they verify; reading one costs as much as a signature. */
interface KeySet {
  readonly set: JSONWebKeySet;
  readonly keys: ReadonlyMap<string, KeyObject>;
}

const readKeys = (set: JSONWebKeySet): KeySet => ({
  set,
  keys: new Map(set.keys.flatMap((jwk: JWK) => (jwk.kid ? [[jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]] : []))),
});

/** The keys of accounts: kept for half a minute, and asked for again when a token names another one or accounts tells of a change. */
function createKeys(call: CallDomain, onKeyGone: (kid: string) => void) {
  let known: { readonly keySet: KeySet; readonly at: number } | undefined;
  let asking: Promise<KeySet> | undefined;
  let upcoming: Promise<KeySet> | undefined;
  let askedAt = -Infinity;
  const ask = (): Promise<KeySet> => {
    askedAt = Date.now();
    asking ??= call<{ signingKeySet: JSONWebKeySet }>('accounts', 'query { signingKeySet }')
      .then(({ signingKeySet: set }) => {
        const gone = kidsOf(known?.keySet.set).filter((kid) => !kidsOf(set).includes(kid));
        // As long as the keys stay the same, so does what they have verified.
        const keySet = known && isDeepStrictEqual(known.keySet.set, set) ? known.keySet : readKeys(set);
        known = { keySet, at: Date.now() };
        gone.forEach(onKeyGone);
        return keySet;
      })
      .catch((error: unknown) => {
        throw error instanceof DomainError ? error : upstreamUnavailable();
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  const askLater = async (): Promise<KeySet> => {
    await sleep(Math.max(0, askedAt + newKeyPauseMs - Date.now()));
    // An answer that is on its way may be from before.
    while (asking) await asking.catch(() => undefined);
    upcoming = undefined;
    return ask();
  };
  return {
    askAnew: () => {
      // What is being asked may be from before the change, so one more question follows it.
      const next = (asking ?? Promise.resolve()).catch(() => undefined).then(ask);
      // Whoever comes next asks again.
      next.catch(() => undefined);
    },
    current: async (): Promise<KeySet> => {
      if (known && (Date.now() - known.at < keptMs || Date.now() - askedAt < retryPauseMs)) return known.keySet;
      // Old keys are better than none while accounts is away.
      return ask().catch((error: unknown) => {
        if (known) return known.keySet;
        throw error;
      });
    },
    /** As they are after this call: whoever signs with a new key may send its first token at once. */
    newer: (): Promise<KeySet> => {
      upcoming ??= askLater();
      return upcoming;
    },
  };
}

const kidsOf = (set: JSONWebKeySet | undefined): string[] => (set?.keys ?? []).flatMap(({ kid }) => kid ?? []);
