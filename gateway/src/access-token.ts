import { eventTopic, type LiveTransport } from '@supergraph/platform/bus';
import type { CallDomain } from '@supergraph/platform/context';
import { DomainError, unauthenticated, upstreamUnavailable } from '@supergraph/platform/errors';
import { createLocalJWKSet, errors as joseErrors, type JSONWebKeySet, jwtVerify, type JWTPayload } from 'jose';
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

const refetchPauseMs = 3_000;
/** What a key signed that was removed in an emergency is refused this much later at most, also where nobody told. */
const keptMs = 30_000;
const skewSeconds = 60;

/** Holds access tokens against RFC 9068 and against the keys of accounts, and against nothing else. */
export function createTokenVerifier({ issuer, audience, call, live, onKeyGone }: TokenVerifierOptions): TokenVerifier {
  const keys = createKeys(call, onKeyGone);
  const stopListening = live.listen(eventTopic('accounts.signing_key.rotated'), () => keys.askAnew());
  const check = async (token: string, set: JSONWebKeySet) =>
    jwtVerify(token, createLocalJWKSet(set), {
      algorithms: ['ES256', 'RS256'],
      typ: 'at+jwt',
      issuer,
      audience,
      clockTolerance: skewSeconds,
      requiredClaims: ['iss', 'aud', 'exp', 'iat', 'sub', 'client_id', 'jti'],
    });
  return {
    keySet: () => keys.current(),
    close: stopListening,
    verify: async (token) => {
      try {
        const { payload, protectedHeader } = await check(token, await keys.current()).catch(async (error: unknown) => {
          if (!(error instanceof joseErrors.JWKSNoMatchingKey)) throw error;
          return check(token, await keys.newer());
        });
        return { ...readClaims(payload), kid: protectedHeader.kid ?? '' };
      } catch (error) {
        if (error instanceof DomainError) throw error;
        throw refusalOf(error);
      }
    },
  };
}

function readClaims(payload: JWTPayload): z.infer<typeof claims> {
  if (typeof payload.iat === 'number' && payload.iat > Date.now() / 1_000 + skewSeconds)
    throw unauthenticated('the access token does not hold; sign in again');
  const read = claims.safeParse(payload);
  if (!read.success) throw unauthenticated('the access token lacks what ours have; sign in again');
  return read.data;
}

function refusalOf(error: unknown): DomainError {
  if (error instanceof joseErrors.JWTExpired)
    return unauthenticated('the access token has expired; get a new one', { reason: 'TOKEN_EXPIRED' });
  return unauthenticated('the access token does not hold; sign in again', { reason: 'TOKEN_INVALID' });
}

/** The keys of accounts: kept for half a minute, asked for again at most every few seconds unless accounts tells of a change. */
function createKeys(call: CallDomain, onKeyGone: (kid: string) => void) {
  let known: { readonly set: JSONWebKeySet; readonly at: number } | undefined;
  let asking: Promise<JSONWebKeySet> | undefined;
  let askedAt = -Infinity;
  const ask = (): Promise<JSONWebKeySet> => {
    askedAt = Date.now();
    asking ??= call<{ signingKeySet: JSONWebKeySet }>('accounts', 'query { signingKeySet }')
      .then(({ signingKeySet: set }) => {
        const gone = kidsOf(known?.set).filter((kid) => !kidsOf(set).includes(kid));
        known = { set, at: Date.now() };
        gone.forEach(onKeyGone);
        return set;
      })
      .catch((error: unknown) => {
        throw error instanceof DomainError ? error : upstreamUnavailable();
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  return {
    askAnew: () => {
      // What is being asked may be from before the change, so one more question follows it.
      const next = (asking ?? Promise.resolve()).catch(() => undefined).then(ask);
      // Whoever comes next asks again.
      next.catch(() => undefined);
    },
    current: async (): Promise<JSONWebKeySet> => {
      if (known && (Date.now() - known.at < keptMs || Date.now() - askedAt < refetchPauseMs)) return known.set;
      // Old keys are better than none while accounts is away.
      return ask().catch((error: unknown) => {
        if (known) return known.set;
        throw error;
      });
    },
    newer: async (): Promise<JSONWebKeySet> => {
      // What is being asked right now may know more than what was answered before.
      if (known && !asking && Date.now() - askedAt < refetchPauseMs) return known.set;
      return ask();
    },
  };
}

const kidsOf = (set: JSONWebKeySet | undefined): string[] => (set?.keys ?? []).flatMap(({ kid }) => kid ?? []);
