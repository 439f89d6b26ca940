import type { CallDomain } from '@supergraph/platform/context';
import { DomainError, unauthenticated, upstreamUnavailable } from '@supergraph/platform/errors';
import { createLocalJWKSet, errors as joseErrors, type JSONWebKeySet, jwtVerify, type JWTPayload } from 'jose';
import { z } from 'zod';

/** The claims of an access token that holds. */
export type VerifiedToken = z.infer<typeof claims>;

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
}

export interface TokenVerifierOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly call: CallDomain;
}

const refetchPauseMs = 3_000;
const keptMs = 300_000;
const skewSeconds = 60;

/** Holds access tokens against RFC 9068 and against the keys of accounts, and against nothing else. */
export function createTokenVerifier({ issuer, audience, call }: TokenVerifierOptions): TokenVerifier {
  const keys = createKeys(call);
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
    verify: async (token) => {
      try {
        const { payload } = await check(token, await keys.current()).catch(async (error: unknown) => {
          if (!(error instanceof joseErrors.JWKSNoMatchingKey)) throw error;
          return check(token, await keys.newer());
        });
        return readClaims(payload);
      } catch (error) {
        if (error instanceof DomainError) throw error;
        throw refusalOf(error);
      }
    },
  };
}

function readClaims(payload: JWTPayload): VerifiedToken {
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

/** The keys of accounts: kept for five minutes, asked for again at most every few seconds. */
function createKeys(call: CallDomain) {
  let known: { readonly set: JSONWebKeySet; readonly at: number } | undefined;
  let asking: Promise<JSONWebKeySet> | undefined;
  let askedAt = -Infinity;
  const ask = (): Promise<JSONWebKeySet> => {
    askedAt = Date.now();
    asking ??= call<{ signingKeySet: JSONWebKeySet }>('accounts', 'query { signingKeySet }')
      .then(({ signingKeySet: set }) => {
        known = { set, at: Date.now() };
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
    current: async (): Promise<JSONWebKeySet> => {
      if (known && (Date.now() - known.at < keptMs || Date.now() - askedAt < refetchPauseMs)) return known.set;
      // Old keys are better than none while accounts is away.
      return ask().catch((error: unknown) => {
        if (known) return known.set;
        throw error;
      });
    },
    newer: async (): Promise<JSONWebKeySet> => {
      if (known && Date.now() - askedAt < refetchPauseMs) return known.set;
      return ask();
    },
  };
}
