import type { FetchNode, PlanNode, QueryPlan, SubscriptionNode } from '@apollo/query-planner';
import { Kind, parse, type SelectionSetNode } from 'graphql';
import type { FieldShape, HoleField, ObjectShape, ValueField, ValueShape } from './shape.ts';
import type { PlanPath } from './walk.ts';

/** What the fetches of a plan ask for, by response key, and what they ask for below each. Type conditions are ignored. */
export interface Coverage extends ReadonlyMap<string, Coverage> {}

interface Asked extends Map<string, Asked> {}

/** What a plan asks for, whatever its conditions are, deferred parts included. */
export function coverageOf({ node }: QueryPlan): Coverage {
  const root: Asked = new Map();
  if (node) cover(root, node);
  return root;
}

function cover(at: Asked, node: PlanNode | SubscriptionNode): void {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return coverAll(at, node.nodes);
    case 'Flatten':
      return cover(below(at, node.path.map(String)), node.node);
    case 'Condition':
      return coverAll(at, [node.ifClause, node.elseClause]);
    case 'Subscription':
      return coverAll(at, [node.primary, node.rest]);
    case 'Defer':
      return coverAll(
        at,
        [node.primary, ...node.deferred].map((part) => part.node),
      );
    case 'Fetch':
      return coverFetch(at, node);
  }
}

function coverAll(at: Asked, nodes: readonly (PlanNode | undefined)[]): void {
  for (const node of nodes) if (node) cover(at, node);
}

/** The place at the end of a path of keys; lists and type conditions are no places. */
function below(at: Asked, path: PlanPath): Asked {
  let place = at;
  for (const key of path.filter(isKey)) {
    const known: Asked = place.get(key) ?? new Map<string, Asked>();
    place.set(key, known);
    place = known;
  }
  return place;
}

/** Whether a step of a plan's path is a key; lists and type conditions are none. */
export const isKey = (step: string): boolean => step !== '@' && !step.startsWith('... on ');

/** What is asked for at the end of a path. */
export const coverageAt = (coverage: Coverage, path: PlanPath): Coverage =>
  path.filter(isKey).reduce<Coverage>((place, key) => place.get(key) ?? new Map<string, Coverage>(), coverage);

function coverFetch(at: Asked, { operation, requires, outputRewrites = [] }: FetchNode): void {
  const fragments = new Map<string, SelectionSetNode>();
  const { definitions } = parse(operation);
  for (const one of definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one.selectionSet);
  const coverSelections = (place: Asked, { selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const field = below(place, [selection.alias?.value ?? selection.name.value]);
        if (selection.selectionSet) coverSelections(field, selection.selectionSet);
        continue;
      }
      const set = selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragments.get(selection.name.value);
      if (set) coverSelections(place, set);
    }
  };
  const whole: Asked = new Map();
  for (const one of definitions) if (one.kind === Kind.OPERATION_DEFINITION) coverSelections(whole, one.selectionSet);
  const asked = requires ? below(whole, ['_entities']) : whole;
  for (const rewrite of outputRewrites) {
    if (rewrite.kind !== 'KeyRenamer') continue;
    const parent = below(asked, rewrite.path.slice(0, -1));
    merge(below(parent, [rewrite.renameKeyTo]), below(parent, rewrite.path.slice(-1)));
  }
  merge(at, asked);
}

function merge(target: Asked, source: Coverage): void {
  for (const [key, more] of source) merge(below(target, [key]), more);
}

/** A field that is selected but not asked for, and its place in the plan's names. */
export interface Hole {
  readonly field: ValueField;
  readonly path: PlanPath;
}

/**
 * The same shape with its holes shown. The planner leaves out, and says nothing, what it believes nobody can answer.
 * Interfaces have types that one subgraph or another never gives, so a hole is one only where an object of its type
 * really comes: shapes are made for each type. They are shared between places that ask for the same, but may be
 * covered differently there.
 */
export function showHoles(shape: ObjectShape, coverage: Coverage, tell: (hole: Hole) => HoleField['tell']): ObjectShape {
  const known = new Map<ObjectShape, Map<Coverage, ObjectShape>>();

  const visitObject = (one: ObjectShape, covered: Coverage, at: PlanPath): ObjectShape => {
    const shown = known.get(one) ?? new Map<Coverage, ObjectShape>();
    known.set(one, shown);
    const found = shown.get(covered);
    if (found) return found;
    const fields = one.fields.map((field) => visitField(field, covered, at));
    const result = fields.every((field, index) => field === one.fields[index]) ? one : { ...one, fields };
    shown.set(covered, result);
    return result;
  };
  const visitField = (field: FieldShape, covered: Coverage, at: PlanPath): FieldShape => {
    if (field.kind !== 'value') return field;
    const { responseKey, dataKey } = field;
    const path = [...at, dataKey];
    const under = covered.get(dataKey);
    if (!under) return { kind: 'hole', responseKey, dataKey, nonNull: field.value.nonNull, tell: tell({ field, path }) };
    const value = visitValue(field.value, under, path);
    return value === field.value ? field : { ...field, value };
  };
  const visitValue = (value: ValueShape, covered: Coverage, at: PlanPath): ValueShape => {
    switch (value.kind) {
      case 'leaf':
        return value;
      case 'list': {
        const item = visitValue(value.item, covered, at);
        return item === value.item ? value : { ...value, item };
      }
      case 'object': {
        const one = visitObject(value.shape, covered, at);
        return one === value.shape ? value : { ...value, shape: one };
      }
      case 'abstract': {
        const unknown = value.unknown && visitObject(value.unknown, covered, at);
        const byType = new Map([...value.byType].map(([name, one]) => [name, visitObject(one, covered, at)]));
        const isSame = unknown === value.unknown && [...byType].every(([name, one]) => one === value.byType.get(name));
        return isSame ? value : { ...value, unknown, byType };
      }
    }
  };
  return visitObject(shape, coverage, []);
}

/** All holes that a plan leaves in a shape, each once wherever it is shared. */
export function holesIn(shape: ObjectShape, coverage: Coverage): Hole[] {
  const holes: Hole[] = [];
  showHoles(shape, coverage, (hole) => {
    holes.push(hole);
    return () => ({ message: '', extensions: {} });
  });
  return holes;
}
