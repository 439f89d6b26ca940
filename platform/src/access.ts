import { getDirective, MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  type GraphQLFieldConfig,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import type { Identity } from './context.ts';
import { badInput, DomainError, forbidden, unauthenticated } from './errors.ts';

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

/** Throws where the chosen organization is suspended or about to be deleted; rules that write its rows without an organization's permission ask this. */
export function requireActiveOrganization({ organization }: Pick<Identity, 'organization'>): void {
  if (organization?.inactive) throw inactiveOrganization();
}

/** The refusal to write in an organization that is suspended or about to be deleted. */
export const inactiveOrganization = () =>
  forbidden('the organization is suspended or about to be deleted; nothing in it can be changed', { reason: 'ORGANIZATION_INACTIVE' });

const machinery = new Set(['_service', '_entities']);
type Resolver = (source: unknown, args: unknown, ctx: Identity, info: GraphQLResolveInfo) => unknown;

/**
 * Puts the SDL's access rules before the resolvers of a subgraph: a field's own and its type's must hold. A field that
 * has neither, nor `@public`, is closed to clients. What writes by an organization's permission is closed while that
 * organization is inactive. Entities that are hidden or missing resolve to null.
 */
export function enforceAccess(schema: GraphQLSchema): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config, fieldName, typeName) =>
      guardField(schema, config as GraphQLFieldConfig<unknown, Identity>, fieldName, typeName),
    [MapperKind.OBJECT_TYPE]: (type) => guardReference(type),
  });
}

function guardField(schema: GraphQLSchema, config: GraphQLFieldConfig<unknown, Identity>, fieldName: string, typeName: string) {
  const type = schema.getType(typeName) as GraphQLObjectType;
  if (machinery.has(fieldName) || typeName === '_Service') return config;
  const rules = [ruleOf(schema, config as Ruled), ruleOf(schema, type as Ruled)].filter(isRule);
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

type ResolveReference = (...args: unknown[]) => unknown;
type SubgraphExtensions = { apollo?: { subgraph?: { resolveReference?: ResolveReference } } };

function guardReference(type: GraphQLObjectType): GraphQLObjectType {
  const recorded = (type.extensions as SubgraphExtensions).apollo?.subgraph;
  const resolve = recorded?.resolveReference;
  if (!recorded || !resolve) return type;
  recorded.resolveReference = async (...args) => {
    try {
      return await resolve(...args);
    } catch (error) {
      if (error instanceof DomainError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  };
  return type;
}
