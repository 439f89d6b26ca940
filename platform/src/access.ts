import { getDirective, MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  type GraphQLFieldConfig,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import type { Identity } from './context.ts';
import type { Policies } from './policies.ts';
import { entityQuestion, fieldQuestion } from './policy-questions.ts';
import { badInput, DomainError, forbidden, unauthenticated, upstreamUnavailable } from './errors.ts';

/** What a field asks of the caller; all that is set must hold. */
export interface AccessRule {
  readonly public: boolean;
  readonly authenticated: boolean;
  /** Any of the lists, each with all of its scopes (OR of AND). */
  readonly scopes: readonly (readonly string[])[];
  /** Any of the lists, each with all of its policies. */
  readonly policies: readonly (readonly string[])[];
  /** Only other domains may ask. */
  readonly internal: boolean;
}

type Ruled = Parameters<typeof getDirective>[1];

function ruleOf(schema: GraphQLSchema, node: Ruled): AccessRule {
  const has = (name: string) => (getDirective(schema, node, name)?.length ?? 0) > 0;
  const lists = (name: string, argument: string) => (getDirective(schema, node, name)?.[0]?.[argument] ?? []) as string[][];
  return {
    public: has('public'),
    authenticated: has('authenticated'),
    scopes: lists('requiresScopes', 'scopes'),
    policies: lists('policy', 'policies'),
    internal: getDirective(schema, node, 'tag')?.some((tag) => tag['name'] === 'internal') ?? false,
  };
}

const isRule = (rule: AccessRule) => rule.public || rule.internal || asks(rule);
const asks = (rule: AccessRule) => rule.authenticated || rule.scopes.length > 0 || rule.policies.length > 0;

/** What a field asks of callers: its own rule and its type's, as far as they say something. */
export const accessRulesOf = (schema: GraphQLSchema, type: GraphQLObjectType, field: object): AccessRule[] =>
  [ruleOf(schema, field as Ruled), ruleOf(schema, type as Ruled)].filter(isRule);

/** Checks one rule; throws the error that tells the caller what is missing. */
export function checkRule(rule: AccessRule, identity: Identity): void {
  if (identity.service) return;
  if (rule.internal) throw forbidden('only other domains may ask this');
  if (!asks(rule)) return;
  const { viewer } = identity;
  if (!viewer) throw unauthenticated();
  if (rule.scopes.length > 0 && !rule.scopes.some((all) => all.every((scope) => viewer.scopes.includes(scope))))
    throw forbidden(`the token lacks the scope ${rule.scopes.map((all) => all.join(' + ')).join(' or ')}`, { reason: 'SCOPE_MISSING' });
  if (rule.policies.length > 0) checkPolicies(rule.policies, identity);
}

function checkPolicies(policies: AccessRule['policies'], identity: Identity): void {
  if (policies.some((all) => all.every((policy) => holds(policy, identity)))) return;
  const needsOrganization = policies.flat().every((policy) => policy.startsWith('org:'));
  if (needsOrganization && !identity.organization)
    throw badInput([{ path: 'X-Organization-Id', message: 'is missing; name the organization to act in' }]);
  throw forbidden(`this needs ${policies.map((all) => all.join(' + ')).join(' or ')}`, { reason: 'PERMISSION_MISSING' });
}

function holds(policy: string, { viewer, organization }: Identity): boolean {
  if (policy === 'platform:admin') return viewer?.roles.includes('ADMIN') ?? false;
  if (policy === 'platform:moderator') return viewer?.roles.some((role) => role === 'MODERATOR' || role === 'ADMIN') ?? false;
  if (policy.startsWith('org:')) return organization?.permissions.includes(policy.slice(4)) ?? false;
  return false;
}

/** Whether the caller holds an organization's permission, such as `catalog.product.write`, in the chosen organization. */
export const hasPermission = ({ organization }: Pick<Identity, 'organization'>, permission: string) =>
  organization?.permissions.includes(permission) ?? false;

/** Throws where the chosen organization is suspended, about to be deleted, or cannot be asked; rules that write its rows without an organization's permission ask this. */
export function requireActiveOrganization({ organization }: Pick<Identity, 'organization'>): void {
  if (organization?.inactive) throw inactiveOrganization();
  if (organization?.uncertain)
    throw upstreamUnavailable('what you may change in the organization cannot be asked right now; try again in a moment');
}

/** The refusal to write in an organization that is suspended or about to be deleted. */
export const inactiveOrganization = () =>
  forbidden('the organization is suspended or about to be deleted; nothing in it can be changed', { reason: 'ORGANIZATION_INACTIVE' });

const machinery = new Set(['_service', '_entities']);
/** Who asks, and what is forbidden to them beyond the SDL's rules. */
type Asker = Identity & { readonly policies: Policies };
type Resolver = (source: unknown, args: unknown, ctx: Asker, info: GraphQLResolveInfo) => unknown;

/**
 * Puts the SDL's access rules before the resolvers of a subgraph: a field's own and its type's must hold. A field that
 * has neither, nor `@public`, is closed to clients. What writes by an organization's permission is closed while that
 * organization is inactive. Entities that are hidden or missing resolve to null. With the name of the domain, stored
 * policies are asked too: before root fields and before entities that something else points at.
 */
export function enforceAccess(schema: GraphQLSchema, domain?: string): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config, fieldName, typeName) => {
      const guarded = guardField(schema, config as GraphQLFieldConfig<unknown, Asker>, fieldName, typeName);
      return domain ? askPolicies(schema, guarded, { domain, typeName, fieldName }) : guarded;
    },
    [MapperKind.OBJECT_TYPE]: (type) => guardReference(type, domain),
  });
}

interface Place {
  readonly domain: string;
  readonly typeName: string;
  readonly fieldName: string;
}

/** Puts stored policies before a root field, whoever may ask it; before each event of a subscription as well. */
function askPolicies(schema: GraphQLSchema, config: GraphQLFieldConfig<unknown, Asker>, { domain, typeName, fieldName }: Place) {
  const question = machinery.has(fieldName) ? undefined : fieldQuestion(schema, domain, typeName, fieldName);
  if (!question) return config;
  const guard =
    (resolver: Resolver): Resolver =>
    (source, args, ctx, info) => {
      const waiting = ctx.policies.state === 'NONE' ? undefined : ctx.policies.require(ctx, question(args));
      return waiting ? waiting.then(() => resolver(source, args, ctx, info)) : resolver(source, args, ctx, info);
    };
  config.resolve = guard((config.resolve ?? defaultFieldResolver) as Resolver);
  if (config.subscribe) config.subscribe = guard(config.subscribe as Resolver);
  return config;
}

function guardField(schema: GraphQLSchema, config: GraphQLFieldConfig<unknown, Asker>, fieldName: string, typeName: string) {
  const type = schema.getType(typeName) as GraphQLObjectType;
  if (machinery.has(fieldName) || typeName === '_Service') return config;
  const rules = accessRulesOf(schema, type, config);
  if (rules.length > 0 && rules.every((rule) => !rule.internal && !asks(rule))) return config;
  const writesInOrganization =
    type === schema.getMutationType() && rules.some(({ policies }) => policies.flat().some((policy) => policy.startsWith('org:')));
  const check = (ctx: Identity) => {
    if (rules.length === 0 && !ctx.service) throw forbidden('this field is closed');
    for (const rule of rules) checkRule(rule, ctx);
    if (writesInOrganization) requireActiveOrganization(ctx);
  };
  const resolve = (config.resolve ?? defaultFieldResolver) as Resolver;
  config.resolve = (source, args, ctx, info) => {
    check(ctx);
    return resolve(source, args, ctx, info);
  };
  const subscribe = config.subscribe as Resolver | undefined;
  if (subscribe)
    config.subscribe = (source, args, ctx, info) => {
      check(ctx);
      return subscribe(source, args, ctx, info);
    };
  return config;
}

type ResolveReference = (reference: { readonly id?: unknown }, ctx: Asker, info: GraphQLResolveInfo) => unknown;
type SubgraphExtensions = { apollo?: { subgraph?: { resolveReference?: ResolveReference } } };

function guardReference(type: GraphQLObjectType, domain: string | undefined): GraphQLObjectType {
  const recorded = (type.extensions as SubgraphExtensions).apollo?.subgraph;
  const resolve = recorded?.resolveReference;
  if (!recorded || !resolve) return type;
  recorded.resolveReference = async (reference, ctx, info) => {
    if (domain && ctx.policies.state !== 'NONE') await ctx.policies.require(ctx, entityQuestion(domain, type.name, reference.id));
    try {
      return await resolve(reference, ctx, info);
    } catch (error) {
      if (error instanceof DomainError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  };
  return type;
}
