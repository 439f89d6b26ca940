import { eventTopic, type LiveTransport } from '@supergraph/platform/bus';
import type { CallDomain } from '@supergraph/platform/context';
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
  readonly epoch: number;
}

export interface Memberships {
  find(userId: string, organizationId: string): Promise<Membership | null>;
  close(): void;
}

const document = `query ($userId: ID!, $organizationId: ID!) {
  membershipContext(userId: $userId, organizationId: $organizationId) { organizationId membershipId roleKey permissions teamIds requireMfa status epoch }
}`;

/** All that changes what a membership allows. Live topics have exact names, so they are listed. */
const changes = [
  ...['added', 'updated', 'suspended', 'reinstated', 'removed'].map((verb) => `organizations.member.${verb}`),
  ...['created', 'updated', 'deleted'].map((verb) => `organizations.role.${verb}`),
  ...['updated', 'suspended', 'reinstated', 'archived', 'restored', 'deleted'].map((verb) => `organizations.organization.${verb}`),
];
const keptMs = 5_000;
const mostKept = 20_000;

/** Live memberships, remembered for at most five seconds and forgotten when organizations tells of a change. */
export function createMemberships(call: CallDomain, live: LiveTransport): Memberships {
  const known = new LRUCache<string, { readonly found: Promise<Membership | null> }>({ max: mostKept, ttl: keptMs });
  const endings = changes.map((name) => live.listen(eventTopic(name), () => known.clear()));
  return {
    find: (userId, organizationId) => {
      const key = `${userId} ${organizationId}`;
      const remembered = known.get(key);
      if (remembered) return remembered.found;
      const found = call<{ membershipContext: Membership | null }>('organizations', document, { userId, organizationId }).then(
        ({ membershipContext }) => membershipContext,
      );
      known.set(key, { found });
      found.catch(() => known.delete(key));
      return found;
    },
    close: () => endings.forEach((end) => end()),
  };
}
