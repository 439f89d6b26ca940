import { eventTopic, type LiveTransport } from '@supergraph/platform/bus';
import type { CallDomain } from '@supergraph/platform/context';
import { DomainError } from '@supergraph/platform/errors';
import type { Envelope } from '@supergraph/platform/events';
import { LRUCache } from 'lru-cache';

/** What organizations tells about one person in one organization. */
export interface Membership {
  readonly organizationId: string;
  readonly membershipId: string;
  readonly roleKey: string;
  readonly permissions: readonly string[];
  readonly teamIds: readonly string[];
  readonly requireMfa: boolean;
  readonly status: string;
  /** Of all members together; null: any number. */
  readonly requestsPerMinute: number | null;
  readonly epoch: number;
  /** Organizations does not answer: it was so within the last minute. */
  readonly isUncertain?: boolean;
}

export interface Memberships {
  find(userId: string, organizationId: string): Promise<Membership | null>;
  /** Calls back when a person's membership of an organization may have ended; the result stops that. */
  onDoubt(userId: string, organizationId: string, listener: () => void): () => void;
  close(): void;
}

const document = `query ($userId: ID!, $organizationId: ID!) {
  membershipContext(userId: $userId, organizationId: $organizationId) { organizationId membershipId roleKey permissions teamIds requireMfa status requestsPerMinute epoch }
}`;

/** All that changes what a membership allows. Live topics have exact names, so they are listed. */
const changes = [
  ...['added', 'updated', 'suspended', 'reinstated', 'removed'].map((verb) => `organizations.member.${verb}`),
  ...['created', 'updated', 'deleted'].map((verb) => `organizations.role.${verb}`),
  ...['updated', 'suspended', 'reinstated', 'archived', 'restored', 'deleted'].map((verb) => `organizations.organization.${verb}`),
  'organizations.quota.changed',
];
/** After these somebody may be no active member any more. */
const endings = ['organizations.member.removed', 'organizations.member.suspended'];
const keptMs = 5_000;
/** So long what was known still counts for reading while organizations does not answer. */
const usefulMs = 60_000;
const mostKept = 20_000;
/** Beyond so many changed tenants everything is forgotten, and counting begins anew. */
const mostNumbered = 20_000;

/**
 * Live memberships, remembered for at most five seconds; those of a tenant are forgotten when organizations tells of a
 * change in it. While it
 * does not answer, what was known within a minute counts, marked as such: nobody writes by it.
 */
export function createMemberships(call: CallDomain, live: LiveTransport, clock: { now(): number } = performance): Memberships {
  const times = { perf: clock, ttlResolution: 0 };
  const known = new LRUCache<string, { readonly found: Promise<Membership | null> }>({ max: mostKept, ttl: keptMs, ...times });
  const useful = new LRUCache<string, Membership>({ max: mostKept, ttl: usefulMs, ...times });
  /** Counts up with each change of a tenant: what is known of one lies under its number, and what was asked before is not found. */
  const numbers = new Map<string, number>();
  let changesSeen = 0;
  let base = 0;
  const forget = (message: string) => {
    const { organizationId } = payloadOf(message);
    if (organizationId && numbers.size < mostNumbered) return void numbers.set(organizationId, ++changesSeen);
    known.clear();
    useful.clear();
    // From one above all, so that no answer that is under way is taken for one of now.
    numbers.clear();
    base = ++changesSeen;
  };
  const doubters = new Map<string, Set<() => void>>();
  const doubt = (message: string) => {
    const { userId, organizationId } = payloadOf(message);
    doubters.get(`${userId} ${organizationId}`)?.forEach((listener) => listener());
  };
  const listening = [
    ...changes.map((name) => live.listen(eventTopic(name), forget)),
    // Behind them, so that whoever doubts asks anew.
    ...endings.map((name) => live.listen(eventTopic(name), doubt)),
  ];
  const ask = async (key: string, userId: string, organizationId: string): Promise<Membership | null> => {
    try {
      const answer = await call<{ membershipContext: Membership | null }>('organizations', document, { userId, organizationId });
      const { membershipContext: membership } = answer;
      if (membership) useful.set(key, membership);
      else useful.delete(key);
      return membership;
    } catch (error) {
      const before = isOutage(error) ? useful.get(key) : undefined;
      if (!before) throw error;
      return { ...before, isUncertain: true };
    }
  };
  return {
    find: (userId, organizationId) => {
      const key = `${userId} ${organizationId} ${numbers.get(organizationId) ?? base}`;
      const remembered = known.get(key);
      if (remembered) return remembered.found;
      const found = ask(key, userId, organizationId);
      known.set(key, { found });
      found.then(
        // As soon as organizations answers again, it is asked.
        (membership) => membership?.isUncertain && known.delete(key),
        () => known.delete(key),
      );
      return found;
    },
    onDoubt: (userId, organizationId, listener) => {
      const whose = `${userId} ${organizationId}`;
      const listeners = doubters.get(whose) ?? new Set();
      doubters.set(whose, listeners.add(listener));
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) doubters.delete(whose);
      };
    },
    close: () => listening.forEach((end) => end()),
  };
}

const payloadOf = (message: string): { readonly organizationId?: string; readonly userId?: string } =>
  (JSON.parse(message) as Partial<Envelope<{ organizationId?: string; userId?: string }>>).payload ?? {};

const isOutage = (error: unknown): boolean => error instanceof DomainError && error.code === 'UPSTREAM_UNAVAILABLE';
