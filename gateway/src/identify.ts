import { randomUUID } from 'node:crypto';
import type { LiveTransport } from '@supergraph/platform/bus';
import type { Calls } from '@supergraph/platform/calls';
import type { RuntimeSettings } from '@supergraph/platform/config';
import type { Identity, Viewer } from '@supergraph/platform/context';
import { notFound, unauthenticated } from '@supergraph/platform/errors';
import { canonicalId } from '@supergraph/platform/ids';
import { isPersonalToken } from '@supergraph/platform/personal-token';
import type { Log } from '@supergraph/platform/log';
import { isTraceparent } from '@supergraph/platform/tracing';
import type { JSONWebKeySet } from 'jose';
import { createTokenVerifier, type VerifiedToken } from './access-token.ts';
import { createProofs } from './dpop.ts';
import { createEndedAccess } from './ended-access.ts';
import { createMemberships, type Membership } from './memberships.ts';
import { createPersonalTokens, type PersonalToken } from './personal-tokens.ts';

/** What a request says about who sends it; nothing else of it is believed. */
export interface Credentials {
  /** `Bearer <token>` or `DPoP <token>`; absent for guests. */
  readonly authorization?: string | undefined;
  /** The proof that goes with a token which is bound to a key (RFC 9449), and what it must be for. */
  readonly proof?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
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
  /** What it stands on, by id: a session and the key that signed its token, or a personal access token. */
  readonly standsOn: readonly string[];
  /** The organization asks for two factors and the viewer has shown one: only its name and that rule may be read. */
  readonly stepUpRequired: boolean;
  /** Is told how operations are planned and where the time goes: with development tools only. */
  readonly explain: boolean;
  /** The same caller as of now; throws when the session has ended or the membership is gone. */
  readonly refresh: () => Promise<Identified>;
  /** Calls back when the membership may have ended; the result stops that. */
  readonly onDoubt: (listener: () => void) => () => void;
}

export interface Identifier {
  /** Throws UNAUTHENTICATED, NOT_FOUND (no membership) or UPSTREAM_UNAVAILABLE. */
  identify(credentials: Credentials): Promise<Identified>;
  /** The public keys of our tokens. */
  keySet(): Promise<JSONWebKeySet>;
  /** Calls back with the id of every session, personal access token and key that ends; the result stops that. */
  onAccessEnded(listener: (id: string) => void): () => void;
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

/** Tells who asks from an access token and a chosen organization. */
export function createIdentifier({ settings, calls, live, scopes, log }: IdentifierOptions): Identifier {
  const call = calls.as('gateway');
  const memberships = createMemberships(call, live);
  const personal = createPersonalTokens(call, live);
  const ended = createEndedAccess({ call, live, log, onDoubt: () => personal.forget() });
  const tokens = createTokenVerifier({
    issuer: settings.publicUrl,
    audience: `${settings.publicUrl}/graphql`,
    call,
    live,
    onKeyGone: (kid) => ended.tellOfKey(kid),
  });
  const appScopes = createAppScopes(scopes);

  const choose = async (userId: string, organizationId: string | undefined): Promise<Membership | null> => {
    if (!organizationId) return null;
    const membership = await memberships.find(userId, organizationId);
    if (!membership || membership.status === 'DELETED') throw notFound('Organization');
    return membership;
  };
  const requireProof = createProofs();
  const shownBy = async (authorization: string, { proof, method = 'POST', path = '/graphql' }: Credentials): Promise<Shown> => {
    const { scheme, token: bearer } = readAuthorization(authorization);
    if (!isPersonalToken(bearer)) {
      const token = await tokens.verify(bearer);
      const key = token.cnf?.jkt;
      if (!key && scheme === 'dpop')
        throw unauthenticated('this access token is bound to no key; send it as Bearer', { reason: 'DPOP_INVALID' });
      if (key && scheme !== 'dpop')
        throw unauthenticated('this access token is bound to a key; send it as DPoP', { reason: 'DPOP_MISSING' });
      if (key) await requireProof({ proof, accessToken: bearer, key, method, url: `${settings.publicUrl}${path}` });
      return shownByToken(token, appScopes());
    }
    if (scheme === 'dpop') throw unauthenticated('personal access tokens are sent as Bearer');
    return shownByPersonal(await personal.find(bearer), async () => void (await personal.find(bearer)));
  };

  return {
    identify: async (credentials) => {
      const { authorization } = credentials;
      // What is counted, remembered and ended for a tenant goes by its id as text.
      const organizationId = credentials.organizationId && canonicalId(credentials.organizationId);
      const base = { ...originOf(credentials), service: null };
      const explain = settings.development && (credentials.explain ?? false);
      if (!authorization) {
        if (organizationId) throw unauthenticated('sign in to act in an organization');
        const identity = guestOf(credentials);
        const guest: Identified = {
          identity,
          expiresAt: null,
          standsOn: [],
          stepUpRequired: false,
          explain,
          refresh: () => Promise.resolve(guest),
          onDoubt: () => () => undefined,
        };
        return guest;
      }
      const { viewer, standsOn, expiresAt, onlyIn, requireHeld } = await shownBy(authorization, credentials);
      if (onlyIn && organizationId && organizationId !== onlyIn) throw notFound('Organization');
      const chosen = onlyIn ?? organizationId;
      const identifiedNow = async (): Promise<Identified> => {
        // First, so that whoever is out is told that and nothing of the organization.
        ended.requireLive(standsOn);
        const membership = await choose(viewer.userId, chosen);
        // Again, so that what ends meanwhile is not missed.
        ended.requireLive(standsOn);
        return {
          identity: {
            ...base,
            viewer,
            organization: membership && { ...toOrganization(membership), ...(onlyIn ? { confined: true } : {}) },
          },
          expiresAt,
          standsOn,
          stepUpRequired: (membership?.requireMfa ?? false) && viewer.acr === 'aal1',
          explain,
          refresh: async () => {
            await requireHeld();
            return identifiedNow();
          },
          onDoubt: (listener) => (chosen ? memberships.onDoubt(viewer.userId, chosen, listener) : () => undefined),
        };
      };
      return identifiedNow();
    },
    keySet: () => tokens.keySet(),
    onAccessEnded: (listener) => ended.listen(listener),
    close: () => {
      ended.close();
      tokens.close();
      memberships.close();
      personal.close();
    },
  };
}

/** What a bearer says. */
interface Shown {
  readonly viewer: Viewer;
  readonly standsOn: readonly string[];
  readonly expiresAt: number;
  /** The one organization in which it works. */
  readonly onlyIn: string | undefined;
  /** Throws when it does not hold any more, as far as time and the end of its session do not say so. */
  readonly requireHeld: () => Promise<void>;
}

function shownByToken(token: VerifiedToken, appScopes: readonly string[]): Shown {
  const viewer = toViewer(token, appScopes);
  // A client's own token has no session, and is revoked by its id.
  const standsOn = [viewer.sessionId ?? token.jti, token.kid];
  return { viewer, standsOn, expiresAt: token.exp * 1_000, onlyIn: token.organization_id, requireHeld: () => Promise.resolve() };
}

/** A personal access token has no session and no platform role but everybody's: administration is for people who are there. */
function shownByPersonal(token: PersonalToken, requireHeld: () => Promise<void>): Shown {
  const viewer: Viewer = {
    userId: token.userId,
    kind: token.kind,
    sessionId: null,
    clientId: null,
    scopes: token.scopes,
    roles: token.kind === 'PERSON' ? ['USER'] : [],
    acr: token.acr === 'aal2' ? 'aal2' : 'aal1',
    amr: ['pat'],
    authTime: 0,
    actorId: null,
    locale: token.locale,
    timeZone: token.timeZone,
  };
  const expiresAt = new Date(token.expiresAt).getTime();
  return { viewer, standsOn: [token.id], expiresAt, onlyIn: token.organizationId ?? undefined, requireHeld };
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

function readAuthorization(authorization: string): { readonly scheme: string; readonly token: string } {
  const [, scheme, token] = /^(Bearer|DPoP) +([\w.~+/=-]+)$/i.exec(authorization) ?? [];
  if (!scheme || !token) throw unauthenticated('the authorization header must be "Bearer <access token>"');
  return { scheme: scheme.toLowerCase(), token };
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

const toOrganization = ({ organizationId, membershipId, roleKey, permissions, status, isUncertain, requestsPerMinute }: Membership) => ({
  id: organizationId,
  membershipId,
  role: roleKey,
  permissions,
  ...(status === 'ACTIVE' ? {} : { inactive: true }),
  ...(isUncertain ? { uncertain: true } : {}),
  ...(requestsPerMinute === null ? {} : { requestsPerMinute }),
});

/** Somebody who has not said who they are. */
export const guestOf = (credentials: Credentials): Identity => ({
  ...originOf(credentials),
  viewer: null,
  organization: null,
  service: null,
});

const originOf = ({ ipAddress, userAgent, traceparent }: Credentials) => ({
  requestId: randomUUID(),
  client: { ipAddress, userAgent: userAgent?.slice(0, 500) ?? null },
  // Without one, each operation begins a trace of its own.
  traceparent: traceparent && isTraceparent(traceparent) ? traceparent : null,
});
