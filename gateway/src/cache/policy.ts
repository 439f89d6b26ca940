import { type GraphQLNamedType, isAbstractType, isCompositeType, isObjectType, type GraphQLSchema } from 'graphql';
import type { CacheHint, CacheScope, SupergraphFacts } from '../supergraph-facts.ts';

/** How long an answer may be kept, in seconds, and for whom. */
export interface CachePolicy {
  readonly maxAge: number;
  readonly scope: CacheScope;
}

/** What may be kept of two things together. */
export const strictest = (one: CachePolicy, other: CachePolicy): CachePolicy => ({
  maxAge: Math.min(one.maxAge, other.maxAge),
  scope: one.scope === 'PRIVATE' ? 'PRIVATE' : other.scope,
});

/** Asks for nothing yet. */
export const unbounded: CachePolicy = { maxAge: Infinity, scope: 'PUBLIC' };
export const neverKept: CachePolicy = { maxAge: 0, scope: 'PRIVATE' };

export const mayBeKept = (hint: CacheHint | undefined): boolean => (hint?.maxAge ?? 0) > 0;

/** The objects that a type stands for. */
export function objectsOf(schema: GraphQLSchema, type: GraphQLNamedType): readonly string[] {
  if (isAbstractType(type)) return schema.getPossibleTypes(type).map(({ name }) => name);
  return isObjectType(type) ? [type.name] : [];
}

/**
 * The policy of one field, as the strictest of the objects behind its parent has it. `around` is what the object that
 * it stands in says, in seconds. What has an access rule is never for everybody.
 */
export function fieldPolicy(
  facts: SupergraphFacts,
  parents: readonly string[],
  fieldName: string,
  returned: GraphQLNamedType,
  around: number,
): CachePolicy {
  const ofReturned = isCompositeType(returned) ? facts.types.get(returned.name)?.cache : undefined;
  const policies = parents.map((parent): CachePolicy => {
    const type = facts.types.get(parent);
    const field = type?.fields.get(fieldName);
    if (!type || !field) return neverKept;
    const maxAge = ageOf(field.cache, around) ?? (isCompositeType(returned) ? (ageOf(ofReturned, around) ?? 0) : around);
    const isPrivate = Boolean(type.rule ?? field.rule) || (field.cache?.scope ?? ofReturned?.scope) === 'PRIVATE';
    return { maxAge, scope: isPrivate ? 'PRIVATE' : 'PUBLIC' };
  });
  return policies.length > 0 ? policies.reduce(strictest) : neverKept;
}

const ageOf = (hint: CacheHint | undefined, around: number): number | undefined => hint?.maxAge ?? (hint?.inherits ? around : undefined);
