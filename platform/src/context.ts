import type { Bus } from './bus.ts';
import type { RuntimeSettings } from './config.ts';
import type { Db } from './database.ts';
import { forbidden, unauthenticated } from './errors.ts';
import type { Log } from './log.ts';
import type { Policies } from './policies.ts';
import type { WorkerQueue } from './workers.ts';

export type PlatformRole = 'USER' | 'MODERATOR' | 'ADMIN';

/** The person or service account that a request speaks for. */
export interface Viewer {
  readonly userId: string;
  readonly kind: 'PERSON' | 'SERVICE';
  readonly sessionId: string | null;
  readonly clientId: string | null;
  readonly scopes: readonly string[];
  readonly roles: readonly PlatformRole[];
  /** How sure we are: one factor or two. */
  readonly acr: 'aal1' | 'aal2';
  readonly amr: readonly string[];
  /** When the person last proved a factor, in seconds since 1970. */
  readonly authTime: number;
  /** The administrator who acts as this person. */
  readonly actorId: string | null;
  readonly locale: string | null;
  readonly timeZone: string | null;
}

/** The organization that the request chose, with what its live membership allows. */
export interface ChosenOrganization {
  readonly id: string;
  readonly membershipId: string;
  readonly role: string;
  readonly permissions: readonly string[];
  /** It is suspended, or about to be deleted: members may read, and nobody may write. */
  readonly inactive?: boolean;
  /** Whether it still is so cannot be asked right now: members may read, and nobody may write. */
  readonly uncertain?: boolean;
  /** The token works in it alone: nothing of other organizations, nor of the space of people in general, is within reach. */
  readonly confined?: boolean;
  /** How many requests a minute its members may make together; absent for any number. */
  readonly requestsPerMinute?: number;
}

/** Who asks, from where, until when. Plain data: between processes it travels as a signed token. */
export interface Identity {
  readonly requestId: string;
  readonly viewer: Viewer | null;
  readonly organization: ChosenOrganization | null;
  /** The domain that asks with its own identity; null when a client asks. */
  readonly service: string | null;
  readonly client: { readonly ipAddress: string | null; readonly userAgent: string | null };
  readonly traceparent: string | null;
}

/** Asks another domain's internal operation with this domain's own identity; throws DomainErrors. */
export type CallDomain = <Data>(domain: string, document: string, variables?: Record<string, unknown>) => Promise<Data>;

/** What every rule of a domain gets first. `L` are the domain's own loaders. */
export interface RequestContext<L = unknown> extends Identity {
  readonly db: Db;
  readonly loaders: L;
  /** What administrators forbid on top of the SDL's rules. */
  readonly policies: Policies;
  readonly bus: Bus;
  readonly workers: WorkerQueue;
  readonly call: CallDomain;
  readonly settings: RuntimeSettings;
  readonly log: Log;
  /** Ends with the request: the client left, or the deadline passed. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970 at which the answer is no longer wanted. */
  readonly deadline: number;
  readonly now: () => Date;
  /** Tells the relay that an event was written; `emit` calls it. */
  readonly outboxWritten: () => void;
}

/** The signed-in viewer, or UNAUTHENTICATED. */
export function requireViewer(ctx: Pick<Identity, 'viewer'>): Viewer {
  if (!ctx.viewer) throw unauthenticated();
  return ctx.viewer;
}

/** Whether the request may reach what belongs to an organization, or to none (null), as far as its token is confined to one. */
export const reaches = ({ organization }: Pick<Identity, 'organization'>, organizationId: string | null): boolean =>
  !organization?.confined || organization.id === organizationId;

/** Throws FORBIDDEN for a token that works in one organization alone, where what it asks for is of none. */
export function requireUnconfined(ctx: Pick<Identity, 'organization'>): void {
  if (!reaches(ctx, null))
    throw forbidden('this access token works in one organization alone, and this is not of it', { reason: 'CONFINED_TO_ORGANIZATION' });
}

/** The identity of nobody: for background work and for tests. */
export const nobody = (requestId: string): Identity => ({
  requestId,
  viewer: null,
  organization: null,
  service: null,
  client: { ipAddress: null, userAgent: null },
  traceparent: null,
});
