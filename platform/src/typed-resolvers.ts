type Callable<Result> = (...args: never[]) => Result;
type ResultOf<Resolver> = Resolver extends Callable<infer Result> ? Result : never;
type ArgumentsOf<Resolver> = Resolver extends (parent: never, args: infer Arguments, ...rest: never[]) => unknown ? Arguments : never;
type ReferenceOf<Resolver> = Resolver extends (reference: infer Reference, ...rest: never[]) => unknown ? Reference : never;

/** Types with an index signature, such as the roots' parents, promise any name and hold none. */
type IsOpen<Type> = string extends keyof Type ? true : false;

/** A value that ignores its field's arguments would be a quiet mistake, so fields with arguments are never held. */
type IsHeld<Parent, Name, Resolver> =
  IsOpen<Parent> extends true
    ? false
    : IsOpen<ArgumentsOf<Resolver>> extends false
      ? false
      : Name extends keyof Parent
        ? Fits<Parent[Name], ResultOf<Resolver>>
        : false;

/** graphql calls a value that is a function. An optional one fits too: a connection has `totalCount` only where its list is counted. */
type Fits<Value, Result> = Value extends Result ? true : [NonNullable<Value>] extends [Callable<Result>] ? true : false;

type IsOptional<Parent, Name, Resolver> = Name extends '__isTypeOf'
  ? true
  : Name extends '__resolveType'
    ? Parent extends { readonly __typename: string }
      ? true
      : false
    : Name extends '__resolveReference'
      ? [ReferenceOf<Resolver>] extends [Parent]
        ? true
        : false
      : IsHeld<Parent, Name, Resolver>;

type MissingField<Fields, Parent> = {
  [Name in keyof Fields]-?: IsOptional<Parent, Name, NonNullable<Fields[Name]>> extends true ? never : Name;
}[keyof Fields];

type CompleteFields<Fields, Parent> = Required<Pick<Fields, MissingField<Fields, Parent>>> &
  Partial<Omit<Fields, MissingField<Fields, Parent>>>;

type ParentOf<Parents, Name> = Name extends keyof Parents ? Parents[Name] : never;

/** Scalars are the platform's. */
type IsScalar<Fields> = Fields extends { parseLiteral: unknown } ? true : false;

type MissingType<Resolvers, Parents> = {
  [Name in keyof Resolvers]-?: IsScalar<NonNullable<Resolvers[Name]>> extends true
    ? never
    : [MissingField<NonNullable<Resolvers[Name]>, ParentOf<Parents, Name>>] extends [never]
      ? never
      : Name;
}[keyof Resolvers];

type HeldType<Resolvers, Parents> = {
  [Name in keyof Resolvers]-?: IsScalar<NonNullable<Resolvers[Name]>> extends true
    ? never
    : Name extends MissingType<Resolvers, Parents>
      ? never
      : Name;
}[keyof Resolvers];

/**
 * The generated `Resolvers` of a domain, in which everything that its mappers do not hold in a fitting type must be there:
 * the root fields, fields with arguments, `__resolveReference` unless the reference is all that the type's resolvers need,
 * `__resolveType` unless the values carry `__typename`.
 */
export type Complete<Resolvers, Parents> = {
  [Name in MissingType<Resolvers, Parents>]: CompleteFields<NonNullable<Resolvers[Name]>, ParentOf<Parents, Name>>;
} & {
  [Name in HeldType<Resolvers, Parents>]?: CompleteFields<NonNullable<Resolvers[Name]>, ParentOf<Parents, Name>>;
};
