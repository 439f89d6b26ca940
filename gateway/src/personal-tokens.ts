import { eventTopic, type LiveTransport } from '@supergraph/platform/bus';
import type { CallDomain } from '@supergraph/platform/context';
import { DomainError, unauthenticated, upstreamUnavailable } from '@supergraph/platform/errors';
import { hashPersonalToken, isWellFormed } from '@supergraph/platform/personal-token';
import { LRUCache } from 'lru-cache';

/** What accounts tells of a personal access token that holds. */
export interface PersonalToken {
  readonly id: string;
  readonly userId: string;
  readonly kind: 'PERSON' | 'SERVICE';
  readonly scopes: readonly string[];
  /** The one organization in which it works. */
  readonly organizationId: string | null;
  readonly acr: string;
  readonly expiresAt: string | Date;
  readonly locale: string | null;
  readonly timeZone: string | null;
}

export interface PersonalTokens {
  /** The token, or UNAUTHENTICATED; what was known a moment ago still counts for at most a few seconds. */
  find(secret: string): Promise<PersonalToken>;
  /** Asks anew about every token from now on. */
  forget(): void;
  close(): void;
}

const document = `query ($hash: String!) {
  accessTokenContext(hash: $hash) { id userId kind scopes organizationId acr expiresAt locale timeZone }
}`;

/** What ends tokens or changes what is known of their accounts. */
const changes = ['access_token.revoked', 'user.suspended', 'user.deleted', 'user.updated'].map((name) => `accounts.${name}`);
const keptMs = 4_000;
const mostKept = 20_000;

const refused = () => unauthenticated('the access token does not hold; make a new one', { reason: 'TOKEN_INVALID' });

/** Personal access tokens, remembered for a few seconds and forgotten when accounts tells of a change; rubbish asks nobody. */
export function createPersonalTokens(call: CallDomain, live: LiveTransport): PersonalTokens {
  const known = new LRUCache<string, { readonly found: Promise<PersonalToken | null> }>({ max: mostKept, ttl: keptMs });
  const endings = changes.map((name) => live.listen(eventTopic(name), () => known.clear()));
  const ask = (hash: string): Promise<PersonalToken | null> => {
    const remembered = known.get(hash);
    if (remembered) return remembered.found;
    const found = call<{ accessTokenContext: PersonalToken | null }>('accounts', document, { hash }).then(
      ({ accessTokenContext }) => accessTokenContext,
      (error: unknown) => {
        throw error instanceof DomainError ? error : upstreamUnavailable();
      },
    );
    const entry = { found };
    known.set(hash, entry);
    found.catch(() => {
      if (known.peek(hash) === entry) known.delete(hash);
    });
    return found;
  };
  return {
    find: async (secret) => {
      if (!isWellFormed(secret)) throw refused();
      const token = await ask(hashPersonalToken(secret));
      if (!token || new Date(token.expiresAt).getTime() <= Date.now()) throw refused();
      return token;
    },
    forget: () => known.clear(),
    close: () => endings.forEach((end) => end()),
  };
}
