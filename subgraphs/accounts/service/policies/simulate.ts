import { readFileSync } from 'node:fs';
import { type AccessRule, checkRule } from '@supergraph/platform/access';
import type { ChosenOrganization, Identity, Viewer } from '@supergraph/platform/context';
import { badInput, DomainError, notFound } from '@supergraph/platform/errors';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { makeDecider } from '@supergraph/platform/policies';
import { scopes as graphScopes } from '@supergraph/schema/scopes';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { canUseTokens } from '../../policy.ts';
import { findPolicies, listActivePolicies } from '../../store/policies.ts';
import { findUsers, type User } from '../../store/users.ts';
import { cedar } from './text.ts';

const strings = z.array(z.string().max(200)).max(200);
const Given = z.strictObject({
  scopes: optional(strings),
  acr: optional(z.enum(['aal1', 'aal2'])),
  amr: optional(strings),
  clientId: optional(z.string().max(100)),
  hasSession: optional(z.boolean()),
  impersonated: optional(z.boolean()),
  ipAddress: optional(z.union([z.ipv4(), z.ipv6()], 'is no IP address')),
  organizationId: optional(idInput),
  organizationRole: optional(z.string().max(100)),
  permissions: optional(strings),
});
type Given = z.infer<typeof Given>;

const Simulate = z.strictObject({
  principalId: optional(idInput),
  action: z.string().max(200, 'must have at most 200 characters'),
  resourceType: optional(z.string().regex(/^[A-Z]\w{0,99}$/, 'is no type')),
  resourceId: optional(z.string().max(200, 'must have at most 200 characters')),
  context: z
    .unknown()
    .optional()
    .transform((context) => context ?? {}),
  policyIds: optional(z.array(idInput).max(50, 'must be at most 50')),
});

/** What would be decided, and by what. */
export interface Decision {
  readonly allowed: boolean;
  readonly determiningPolicies: string[];
  readonly errors: string[];
}

/** An action, as `npm run schema` writes it down. */
interface Action {
  readonly groups: readonly string[];
  readonly rules: readonly AccessRule[];
}

const actionsFile = new URL('../../../../schema/actions.json', import.meta.url);
let actions: ReadonlyMap<string, Action> | undefined;

function findAction(name: string): Action | undefined {
  actions ??= new Map(Object.entries(JSON.parse(readFileSync(actionsFile, 'utf8')) as Record<string, Action>));
  return actions.get(name);
}

/** Decides as every service would, by the SDL's rules and the policies in force, and by drafts that are to be tried. What rules decide by the row itself is not known here. */
export async function simulateAccess(ctx: Context, input: unknown): Promise<Decision> {
  const { principalId, action, resourceType, resourceId, context, policyIds } = parseInput(Simulate, input);
  const given = parseInput(Given, context);
  const known = findAction(action);
  if (!known)
    throw badInput([{ path: 'action', message: 'is no action, such as Mutation.updateProduct; schema/policies.cedarschema lists them' }]);
  if (!resourceType !== !resourceId)
    throw badInput([{ path: resourceType ? 'resourceId' : 'resourceType', message: 'is missing: a resource has a type and an id' }]);
  const user = principalId ? await personOf(ctx, principalId) : null;
  const identity = identityOf(user, given);
  const errors = [
    ...(user && !canUseTokens(user) ? ['the account cannot be used'] : []),
    ...known.rules.flatMap((rule) => refusalOf(rule, identity)),
  ];
  const drafts = policyIds ? await findPolicies(ctx.db, policyIds) : [];
  if (drafts.length < (policyIds?.length ?? 0)) throw notFound('Policy');
  const policies = [...new Map([...(await listActivePolicies(ctx.db)), ...drafts].map((policy) => [policy.id, policy])).values()];
  const decider = policies.length > 0 ? makeDecider(await cedar(), policies) : null;
  if (typeof decider === 'string') return { allowed: false, determiningPolicies: [], errors: [...errors, decider] };
  const things = resourceType && resourceId ? [{ type: resourceType, id: resourceId }] : [];
  const determiningPolicies = [...(decider?.decide(identity, { action, groups: known.groups, things }) ?? [])];
  return { allowed: errors.length === 0 && determiningPolicies.length === 0, determiningPolicies, errors };
}

async function personOf(ctx: Context, id: string): Promise<User> {
  const [user] = await findUsers(ctx.db, [id]);
  if (!user || user.status === 'ERASED') throw notFound('User');
  return user;
}

function refusalOf(rule: AccessRule, identity: Identity): string[] {
  try {
    checkRule(rule, identity);
    return [];
  } catch (error) {
    if (error instanceof DomainError) return [error.message];
    throw error;
  }
}

function identityOf(user: User | null, given: Given): Identity {
  const viewer: Viewer | null = user && {
    userId: user.id,
    kind: user.kind,
    sessionId: given.hasSession === false ? null : 'simulated',
    clientId: given.clientId ?? null,
    scopes: given.scopes ?? Object.keys(graphScopes),
    roles: user.roles,
    acr: given.acr ?? 'aal1',
    amr: given.amr ?? [],
    authTime: 0,
    actorId: given.impersonated ? 'simulated' : null,
    locale: user.locale,
    timeZone: user.timeZone,
  };
  const organization: ChosenOrganization | null = given.organizationId
    ? {
        id: given.organizationId,
        membershipId: 'simulated',
        role: given.organizationRole ?? 'MEMBER',
        permissions: given.permissions ?? [],
      }
    : null;
  const client = { ipAddress: given.ipAddress ?? null, userAgent: null };
  return { requestId: 'simulated', viewer, organization, service: null, client, traceparent: null };
}
