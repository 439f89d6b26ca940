import { randomUUID } from 'node:crypto';
import { eventTopic, type LiveTransport } from '@supergraph/platform/bus';
import type { Calls } from '@supergraph/platform/calls';
import type { RuntimeSettings } from '@supergraph/platform/config';
import type { Identity, Viewer } from '@supergraph/platform/context';
import { notFound, unauthenticated } from '@supergraph/platform/errors';
import type { Envelope } from '@supergraph/platform/events';
import type { Log } from '@supergraph/platform/log';
import { isTraceparent } from '@supergraph/platform/tracing';
import type { JSONWebKeySet } from 'jose';
import { LRUCache } from 'lru-cache';
import { createTokenVerifier, type VerifiedToken } from './access-token.ts';
import { createMemberships, type Membership } from './memberships.ts';

/** What a request says about who sends it; nothing else of it is believed. */
export interface Credentials {
  /** `Bearer <token>`; absent for guests. */
  readonly authorization?: string | undefined;
  readonly organizationId?: string | undefined;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly traceparent?: string | undefined;
  /** Wants to be told how operations are planned and where the time goes. */
  readonly explain?: boolean | undefined;
}

/** Who asks, and how long that holds. */
export interface Identified {
  readonly identity: Identity;
  /** Milliseconds since 1970; null for guests. */
  readonly expiresAt: number | null;
  /** The organization asks for two factors and the viewer has shown one: only its name and that rule may be read. */
  readonly stepUpRequired: boolean;
  /** Is told how operations are planned and where the time goes: with development tools only. */
  readonly explain: boolean;
  /** The same caller as of now; throws when the session has ended or the membership is gone. */
  readonly refresh: () => Promise<Identity>;
}

export interface Identifier {
  /** Throws UNAUTHENTICATED, NOT_FOUND (no membership) or UPSTREAM_UNAVAILABLE. */
  identify(credentials: Credentials): Promise<Identified>;
  /** The public keys of our tokens. */
  keySet(): Promise<JSONWebKeySet>;
  /** Calls back for every session that ends; the result stops that. */
  onSessionEnded(listener: (sessionId: string) => void): () => void;
  close(): void;
}

export interface IdentifierOptions {
  readonly settings: Pick<RuntimeSettings, 'publicUrl' | 'development'>;
  readonly calls: Calls;
  readonly live: LiveTransport;
  /** Every scope that the supergraph asks for right now. */
  readonly scopes: () => ReadonlySet<string>;
  readonly log: Log;
}

const endedForMs = 15 * 60_000;
const endedKept = 100_000;

/** Tells who asks from an access token and a chosen organization. */
export function createIdentifier({ settings, calls, live, scopes, log }: IdentifierOptions): Identifier {
  const call = calls.as('gateway');
  const tokens = createTokenVerifier({ issuer: settings.publicUrl, audience: `${settings.publicUrl}/graphql`, call });
  const memberships = createMemberships(call, live);
  const ended = new LRUCache<string, true>({ max: endedKept, ttl: endedForMs });
  const listeners = new Set<(sessionId: string) => void>();
  const appScopes = createAppScopes(scopes);

  const end = (sessionId: string) => {
    ended.set(sessionId, true);
    for (const listener of listeners) listener(sessionId);
  };
  const stopListening = live.listen(eventTopic('accounts.session.ended'), (message) => {
    const { payload } = JSON.parse(message) as Envelope<{ sessionId?: unknown }>;
    if (typeof payload.sessionId === 'string') end(payload.sessionId);
  });
  call<{ endedSessions: string[] }>('accounts', 'query ($since: DateTime!) { endedSessions(since: $since) }', {
    since: new Date(Date.now() - endedForMs).toISOString(),
  })
    .then(({ endedSessions }) => endedSessions.forEach(end))
    .catch((error: unknown) =>
      log.warn({ error }, 'accounts did not tell which sessions have ended; those that end from now on are known'),
    );

  const requireLive = (sessionId: string | null) => {
    if (sessionId && ended.has(sessionId)) throw unauthenticated('the session has ended; sign in again', { reason: 'SESSION_ENDED' });
  };
  const choose = async (userId: string, organizationId: string | undefined): Promise<Membership | null> => {
    if (!organizationId) return null;
    const membership = await memberships.find(userId, organizationId);
    if (membership?.status !== 'ACTIVE') throw notFound('Organization');
    return membership;
  };

  return {
    identify: async (credentials) => {
      const { authorization, organizationId } = credentials;
      const base = { ...originOf(credentials), service: null };
      const explain = settings.development && (credentials.explain ?? false);
      if (!authorization) {
        if (organizationId) throw unauthenticated('sign in to act in an organization');
        const identity: Identity = { ...base, viewer: null, organization: null };
        return { identity, expiresAt: null, stepUpRequired: false, explain, refresh: () => Promise.resolve(identity) };
      }
      const token = await tokens.verify(bearerOf(authorization));
      const viewer = toViewer(token, appScopes());
      requireLive(viewer.sessionId);
      const identityNow = async () => {
        requireLive(viewer.sessionId);
        const membership = await choose(viewer.userId, organizationId);
        return { identity: { ...base, viewer, organization: membership && toOrganization(membership) }, membership };
      };
      const { identity, membership } = await identityNow();
      return {
        identity,
        expiresAt: token.exp * 1_000,
        stepUpRequired: (membership?.requireMfa ?? false) && viewer.acr === 'aal1',
        explain,
        refresh: async () => (await identityNow()).identity,
      };
    },
    keySet: () => tokens.keySet(),
    onSessionEnded: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => {
      stopListening();
      memberships.close();
      listeners.clear();
    },
  };
}

/** `app` stands for all that people's own clients may do; administration is asked for by name. */
const isAdministrative = (scope: string): boolean => scope.split(/[:.]/).includes('admin');

function createAppScopes(scopes: () => ReadonlySet<string>): () => readonly string[] {
  let known: { readonly all: ReadonlySet<string>; readonly app: readonly string[] } | undefined;
  return () => {
    const all = scopes();
    if (known?.all !== all) known = { all, app: [...all].filter((scope) => !isAdministrative(scope)) };
    return known.app;
  };
}

function bearerOf(authorization: string): string {
  const token = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1];
  if (!token) throw unauthenticated('the authorization header must be "Bearer <access token>"');
  return token;
}

const platformRoles = ['USER', 'MODERATOR', 'ADMIN'] as const;

function toViewer(token: VerifiedToken, appScopes: readonly string[]): Viewer {
  const granted = token.scope.split(' ').filter(Boolean);
  return {
    userId: token.sub,
    kind: token.kind,
    sessionId: token.sid,
    clientId: token.client_id,
    scopes: granted.includes('app') ? [...new Set([...granted, ...appScopes])] : granted,
    roles: platformRoles.filter((role) => token.roles.includes(role)),
    acr: token.acr,
    amr: token.amr,
    authTime: token.auth_time,
    actorId: token.act?.sub ?? null,
    locale: token.locale,
    timeZone: token.zoneinfo,
  };
}

const toOrganization = ({ organizationId, membershipId, roleKey, permissions }: Membership) => ({
  id: organizationId,
  membershipId,
  role: roleKey,
  permissions,
});

const originOf = ({ ipAddress, userAgent, traceparent }: Credentials) => ({
  requestId: randomUUID(),
  client: { ipAddress, userAgent: userAgent?.slice(0, 500) ?? null },
  // Without one, each operation begins a trace of its own.
  traceparent: traceparent && isTraceparent(traceparent) ? traceparent : null,
});
