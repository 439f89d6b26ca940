import { isIP } from 'node:net';
import type * as Cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { Identity } from './context.ts';
import { canonicalId } from './ids.ts';

/** What somebody wants to do, as policies see it. */
export interface Question {
  /** A root field, such as `Mutation.updateProduct`, or `Entity.Product` for reading one that something else points at. */
  readonly action: string;
  /** `read`, `write` or `watch`, and the domain. */
  readonly groups: readonly string[];
  /** What it is done to: everything that the arguments name; where they name nothing, the organization, else the platform. */
  readonly things: readonly Thing[];
}

/** An entity that policies may be about. */
export interface Thing {
  readonly type: string;
  readonly id: string;
}

const platform = { type: 'Platform', id: 'platform' } as const;
/** Whoever is not signed in. */
const anybody = { type: 'User', id: 'anybody' } as const;

const principalOf = ({ viewer }: Identity) => (viewer ? { type: 'User', id: viewer.userId } : anybody);
const placeOf = ({ organization }: Identity) => (organization ? { type: 'Organization', id: organization.id } : platform);
/** What policies are asked about, one after the other. Arguments may spell an id in another way than policies do, and still find the same row. */
export const resourcesOf = (identity: Identity, { things }: Question): Thing[] =>
  things.length > 0 ? things.map(({ type, id }) => ({ type, id: canonicalId(id) })) : [placeOf(identity)];

/** A question about one thing in the words of Cedar. Policies find in `context` what the request brought, in `principal` what the account is. */
export function requestOf(
  identity: Identity,
  question: Question,
  resource: Thing,
): Pick<Cedar.AuthorizationCall, 'principal' | 'action' | 'resource' | 'context'> {
  const { viewer, organization, client } = identity;
  const address = client.ipAddress;
  return {
    principal: principalOf(identity),
    action: { type: 'Action', id: question.action },
    resource,
    context: {
      signedIn: viewer !== null,
      acr: viewer?.acr ?? 'aal0',
      amr: [...(viewer?.amr ?? [])],
      scopes: [...(viewer?.scopes ?? [])],
      impersonated: (viewer?.actorId ?? null) !== null,
      hasSession: (viewer?.sessionId ?? null) !== null,
      permissions: [...(organization?.permissions ?? [])],
      ...(viewer?.clientId ? { clientId: viewer.clientId } : {}),
      ...(organization
        ? { organization: { __entity: { type: 'Organization', id: organization.id } }, organizationRole: organization.role }
        : {}),
      ...(address && isIP(address) > 0 ? { ipAddress: { __extn: { fn: 'ip', arg: address } } } : {}),
    },
  };
}

/** Who asks, what for and where, with what stands above it: a thing is in its organization, and that in the platform. */
export function entitiesOf(identity: Identity, question: Question, resource: Thing): Cedar.EntityJson[] {
  const { viewer } = identity;
  const place = placeOf(identity);
  const principal = principalOf(identity);
  const isPlace = resource.type === place.type && resource.id === place.id;
  const isSelf = resource.type === principal.type && resource.id === principal.id;
  return [
    { uid: principal, attrs: { kind: viewer?.kind ?? 'GUEST', roles: [...(viewer?.roles ?? [])] }, parents: isSelf ? [place] : [] },
    { uid: { type: 'Action', id: question.action }, attrs: {}, parents: question.groups.map((id) => ({ type: 'Action', id })) },
    ...(isPlace || isSelf ? [] : [{ uid: resource, attrs: {}, parents: [place] }]),
    { uid: place, attrs: {}, parents: place.type === 'Platform' ? [] : [platform] },
    ...(place.type === 'Platform' ? [] : [{ uid: platform, attrs: {}, parents: [] }]),
  ];
}
