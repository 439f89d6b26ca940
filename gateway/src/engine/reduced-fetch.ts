import type { FetchDataRewrite, FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import type { FieldNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { CompiledFetch, PlanFacts } from './compiled-fetch.ts';
import { type EntityDocument, readEntityDocument } from './mend/entity-document.ts';
import { askFor } from './mend/split-fetch.ts';
import { hasAll } from './represent.ts';
import type { Entrance } from './requirements.ts';
import type { Tree } from './tree.ts';

type Selections = readonly QueryPlanSelectionNode[];

/** A fetch of entities, and what is known of its surroundings. */
interface Whole extends PlanFacts, Pick<CompiledFetch, 'node' | 'path'> {
  readonly requires: Selections;
  readonly document: EntityDocument;
}

/** A field that a fetch asks of objects of one type, and what it requires of them. */
interface Wish {
  readonly node: FieldNode;
  readonly requires: Selections;
}

/** What is wanted of objects of one type. */
interface Wishes {
  readonly typeName: string;
  readonly entrance: Entrance;
  readonly wanted: readonly Wish[];
  /** Whether that is all that the fetch asks of them, and its representations are enough for it. */
  readonly isWhole: boolean;
}

/** Tells for which objects a fetch is made, and makes others of it for the rest. */
export interface Reducer<Fetch> {
  readonly isWhole: (typeName: unknown) => boolean;
  /** The fetch of what can be asked of an object that lacks something; undefined where nothing can. */
  readonly reduce: (object: Tree) => Fetch | undefined;
}

const reducedKept = 32;

/**
 * The planner asks for all fields of a fetch with one representation. So that an object that lacks what one field
 * requires does not lose the others, it goes with a fetch of those alone whose requirements it meets; and no object
 * goes without a key, or with fields that are wanted of other types only.
 */
export function createReducer<Fetch extends object>(
  { node, path }: CompiledFetch,
  requires: Selections,
  facts: PlanFacts,
  compile: (node: FetchNode, requires: Selections) => Fetch,
): Reducer<Fetch> {
  const { kinds } = facts;
  const known = new Map<string, Wishes | undefined>();
  const reduced = new LRUCache<string, Fetch>({ max: reducedKept });
  let read: Whole | undefined;
  const whole = (): Whole => (read ??= { ...facts, node, path, requires, document: readEntityDocument(node.operation) });
  const wishesOf = (typeName: unknown): Wishes | undefined => {
    if (typeof typeName !== 'string') return undefined;
    if (known.has(typeName)) return known.get(typeName);
    const wishes = readWishes(whole(), typeName);
    // Names of types come from subgraphs; only those that there are are worth a memory.
    if (wishes || kinds.isExact(typeName)) known.set(typeName, wishes);
    return wishes;
  };
  const make = (fields: ReadonlySet<FieldNode>, keyAt: number, typeNames: readonly string[]): Fetch => {
    const wishes = typeNames.flatMap((name) => wishesOf(name) ?? []);
    return compile(...reduceTo(whole(), fields, keyAt, wishes));
  };
  return {
    isWhole: (typeName) => wishesOf(typeName)?.isWhole ?? !kinds.isExact(typeName),
    reduce: (object) => {
      const wishes = wishesOf(object['__typename']);
      if (!wishes) return undefined;
      const { entrance, wanted, typeName } = wishes;
      const keyAt = entrance.keys.findIndex((key) => hasAll(kinds, object, key));
      const met = wanted.filter((wish) => hasAll(kinds, object, wish.requires));
      if (keyAt < 0 || met.every((wish) => isTypename(wish.node))) return undefined;
      const fields = new Set(met.map((wish) => wish.node));
      const { document } = whole();
      const typeNames = kinds.isExact(typeName) ? exactTypes(whole()) : [typeName];
      const name = JSON.stringify([keyAt, kinds.isExact(typeName) || typeName, ...document.fields.map((one) => fields.has(one.node))]);
      const fetch = reduced.get(name) ?? make(fields, keyAt, typeNames);
      reduced.set(name, fetch);
      return fetch;
    },
  };
}

/** Undefined where the fetch asks nothing of a type. */
function readWishes({ node, path, requires, document, kinds, requirements, isWanted }: Whole, typeName: string): Wishes | undefined {
  const fields = document.fields.filter((field) => kinds.of(field.typeName).has(typeName));
  if (fields.length === 0) return undefined;
  const wanted = fields.filter((field) => isTypename(field.node) || isWanted(path, typeName, keyOf(field.node)));
  const { serviceName } = node;
  const entrance = requirements.entranceTo(serviceName, typeName) ?? { typeName, keys: [], isInterfaceObject: false };
  const given = requires.flatMap((one) =>
    one.kind === 'InlineFragment' && one.typeCondition && kinds.of(one.typeCondition).has(typeName) ? one.selections : [],
  );
  return {
    typeName,
    entrance,
    isWhole: wanted.length === fields.length && (entrance.keys.length === 0 || entrance.keys.some((key) => contains(given, key))),
    wanted: wanted.map((field) => ({
      node: field.node,
      // An interface that is an object in the subgraph has the requirements of its types.
      requires: [...new Set([typeName, field.typeName])].flatMap((name) => requirements.ofField(serviceName, name, field.node.name.value)),
    })),
  };
}

/** The fetch of some fields, and what it requires: for each type a key, and what the fields require of it. */
function reduceTo(
  { node, document }: Whole,
  fields: ReadonlySet<FieldNode>,
  keyAt: number,
  wishes: readonly Wishes[],
): [FetchNode, Selections] {
  const requires: QueryPlanSelectionNode[] = [];
  const inputRewrites: FetchDataRewrite[] = [];
  for (const { typeName, entrance, wanted } of wishes) {
    const key = entrance.keys[keyAt];
    const asked = wanted.filter((wish) => fields.has(wish.node));
    if (!key || asked.length === 0) continue;
    const on = (selections: Selections): QueryPlanSelectionNode => ({
      kind: 'InlineFragment',
      typeCondition: typeName,
      selections: [...selections],
    });
    requires.push(on([{ kind: 'Field', name: '__typename' }, ...key]));
    for (const wish of asked) if (wish.requires.length > 0) requires.push(on(wish.requires));
    if (entrance.typeName !== typeName)
      inputRewrites.push({ kind: 'ValueSetter', path: [`... on ${typeName}`, '__typename'], setValueTo: entrance.typeName });
  }
  const { inputRewrites: _replaced, ...some } = askFor(node, document, fields);
  return [{ ...some, ...(inputRewrites.length > 0 ? { inputRewrites } : {}) }, requires];
}

/** The object types of which a fetch asks something: one reduced fetch serves them all. */
const exactTypes = ({ document, kinds }: Whole): string[] => {
  const names = new Set(document.fields.flatMap(({ typeName }) => [...kinds.of(typeName)]));
  return [...names].filter((name) => typeof name === 'string').filter((name) => kinds.isExact(name));
};

const isTypename = ({ name }: FieldNode): boolean => name.value === '__typename';

const keyOf = ({ alias, name }: FieldNode): string => (alias ?? name).value;

const contains = (selections: Selections, wanted: Selections): boolean =>
  wanted.every(
    (one) =>
      one.kind === 'Field' &&
      selections.some(
        (other) => other.kind === 'Field' && other.name === one.name && contains(other.selections ?? [], one.selections ?? []),
      ),
  );
