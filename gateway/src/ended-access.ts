import { eventTopic, type LiveTransport } from '@supergraph/platform/bus';
import type { CallDomain } from '@supergraph/platform/context';
import { unauthenticated } from '@supergraph/platform/errors';
import type { Envelope } from '@supergraph/platform/events';
import type { Log } from '@supergraph/platform/log';
import { LRUCache } from 'lru-cache';

/** Which sessions and personal access tokens have ended while their tokens would still hold by time. */
export interface EndedAccess {
  /** Throws UNAUTHENTICATED where one of these has ended. */
  requireLive(ids: readonly string[]): void;
  /** Tells of a key that verifies no more: what it signed is refused by itself, but sockets may stand on it. */
  tellOfKey(kid: string): void;
  /** Calls back with each that ends; the result stops that. */
  listen(listener: (accessId: string) => void): () => void;
  close(): void;
}

export interface EndedOptions {
  readonly call: CallDomain;
  readonly live: LiveTransport;
  readonly log: Log;
  /** Events may have been missed. */
  readonly onDoubt: () => void;
}

/** Longer than any access token of a session lives. */
const endedForMs = 20 * 60_000;
const endedKept = 100_000;
const askEveryMs = 4_000;
const document = 'query ($since: DateTime!) { endedSessions(since: $since) revokedAccessTokens(since: $since) }';

/** Hears of ends by live events; while those may be lost, and once they come again, it asks. */
export function createEndedAccess({ call, live, log, onDoubt }: EndedOptions): EndedAccess {
  const ended = new LRUCache<string, true>({ max: endedKept, ttl: endedForMs });
  const listeners = new Set<(accessId: string) => void>();
  let isHearing = !live.onConnection;

  const tell = (id: string) => {
    for (const listener of listeners) listener(id);
  };
  const end = (accessId: unknown) => {
    if (typeof accessId !== 'string' || ended.has(accessId)) return;
    ended.set(accessId, true);
    tell(accessId);
  };
  const hear = (event: string, field: string) =>
    live.listen(eventTopic(event), (message) => end((JSON.parse(message) as Envelope<Record<string, unknown>>).payload[field]));
  const ask = () => {
    const since = new Date(Date.now() - endedForMs).toISOString();
    call<{ endedSessions: string[]; revokedAccessTokens: string[] }>('accounts', document, { since })
      .then(({ endedSessions, revokedAccessTokens }) => [...endedSessions, ...revokedAccessTokens].forEach(end))
      .catch((error: unknown) => log.warn({ error }, 'accounts did not tell which sessions have ended; those that are told of are known'));
  };
  const endings = [
    hear('accounts.session.ended', 'sessionId'),
    hear('accounts.access_token.revoked', 'tokenId'),
    live.onConnection?.((connected) => {
      isHearing = connected;
      if (!connected) return;
      onDoubt();
      ask();
    }),
  ];
  const asking = setInterval(() => {
    if (!isHearing) ask();
  }, askEveryMs);
  asking.unref();
  ask();

  return {
    tellOfKey: tell,
    requireLive: (ids) => {
      if (ids.some((id) => ended.has(id))) throw unauthenticated('the session has ended; sign in again', { reason: 'SESSION_ENDED' });
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => {
      clearInterval(asking);
      endings.forEach((stop) => stop?.());
      listeners.clear();
    },
  };
}
