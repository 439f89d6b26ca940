/** An object of an answer, as JSON or a subgraph in this process gives it. */
export type Tree = Record<string, unknown>;

/** A place in an answer: response keys and indexes of lists. */
export type Path = readonly (string | number)[];

export const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member of the object itself: objects inherit `constructor` and the like. */
export const own = (tree: Tree, key: string): unknown => (Object.hasOwn(tree, key) ? tree[key] : undefined);

/** Names that every object inherits, and that must be looked up with care. */
export const isInherited = (key: string): boolean => key in Object.prototype;

/** Nothing can be inherited from it, and no key changes what it is. */
export const emptyTree = (): Tree => Object.create(null) as Tree;
