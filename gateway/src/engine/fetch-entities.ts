import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import { Kind, parse, type SelectionNode, type SelectionSetNode } from 'graphql';
import type { FoundEntities } from './engine-cache.ts';
import { mostErrors, unavailable } from './errors.ts';
import { compileFetch, type CompiledFetch, type PlanFacts, pickVariables } from './compiled-fetch.ts';
import { toJson } from './json.ts';
import type { Kinds } from './kinds.ts';
import { merge } from './merge.ts';
import { createRepresenter, type Representer } from './represent.ts';
import { createReducer, type Reducer } from './reduced-fetch.ts';
import { rewrite } from './rewrite.ts';
import type { KnownEntities, PendingEntity, Run, Step } from './run.ts';
import { type Extra, groupByContext, pickExtra } from './surroundings.ts';
import { isTree, own, type Tree } from './tree.ts';
import { placesAt, targetsAt } from './walk.ts';

/** What a subgraph takes at once; more entities are asked for side by side. */
const batchSize = 500;

interface Target {
  readonly object: Tree;
  readonly entity: PendingEntity;
}

/** Entities that this step is the first to ask for. */
interface Batch {
  readonly entities: PendingEntity[];
  readonly texts: string[];
  readonly objects: Tree[];
}

/** A fetch of entities, with what makes their representations. */
interface EntityFetch extends CompiledFetch {
  readonly representer: Representer;
  /** The fetch of the plan that it is, or is made of. */
  readonly planned: CompiledFetch;
  /** What its entities are known by in the whole run; undefined where they are not to be shared. */
  readonly sharedName: string | undefined;
}

/** Compiles a fetch of entities: each one is asked for once, however often the answer refers to it. */
export function fetchEntities(compiled: CompiledFetch, requires: readonly QueryPlanSelectionNode[], facts: PlanFacts): Step {
  const { node, path, kinds } = compiled;
  const contexts = node.contextRewrites ?? [];
  const reducer = createReducer(compiled, requires, facts, (part, needed) => ({
    ...entityFetch(compileFetch(part, path, kinds), needed),
    planned: compiled,
  }));
  const fetch = entityFetch(compiled, requires, reducer.isWhole);
  return (run) => {
    const objects = targetsAt(run.data, path);
    if (objects.length === 0) return undefined;
    if (contexts.length === 0) return runGroup(fetch, run, objects, {}, reducer);
    const groups = groupByContext(kinds, path, contexts, run);
    return all(groups.map(([extra, group]) => runGroup(fetch, run, group, extra, reducer)));
  };
}

function entityFetch(
  compiled: CompiledFetch,
  requires: readonly QueryPlanSelectionNode[],
  isWhole?: (typeName: unknown) => boolean,
): EntityFetch {
  const { node, kinds } = compiled;
  return {
    ...compiled,
    planned: compiled,
    representer: createRepresenter(kinds, requires, node.inputRewrites, isWhole),
    sharedName: !node.contextRewrites?.length && isFlatFetch(node.operation) ? anonymous(node) : undefined,
  };
}

/** Nothing to wait for where there is nothing. */
function all(steps: readonly (Promise<void> | undefined)[]): Promise<void> | undefined {
  const waiting = steps.filter((one) => one !== undefined);
  return waiting.length > 1 ? Promise.all(waiting).then(() => undefined) : waiting[0];
}

/**
 * Entities are known beyond one fetch only where nothing hangs below their fields: what is merged into one object
 * must not show up at another place that asked for something else.
 */
function isFlatFetch(operation: string): boolean {
  const isFlat = (selection: SelectionNode): boolean => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return selection.selectionSet.selections.every(isFlat);
    return selection.kind === Kind.FIELD && !selection.selectionSet;
  };
  const sets = parse(operation).definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION ? [one.selectionSet] : []));
  const below = ({ selections }: SelectionSetNode) =>
    selections.flatMap((one) => (one.kind === Kind.FIELD ? (one.selectionSet?.selections ?? []) : []));
  return sets.flatMap(below).every(isFlat);
}

/** The fetch without its name, which differs from place to place. */
const anonymous = ({ serviceName, operation }: FetchNode): string => `${serviceName}\n${operation.replace(/^query \w+/, 'query')}\n`;

/** Asks for entities; with a reducer, objects that do not go with the fetch go with others that are made of it. */
function runGroup(
  fetch: EntityFetch,
  run: Run,
  objects: readonly Tree[],
  extra: Extra,
  reducer?: Reducer<EntityFetch>,
): Promise<void> | undefined {
  const { targets, batch, left } = findEntities(fetch, run, objects);
  if (!reducer || left.length === 0) return runTargets(fetch, run, targets, batch, extra);
  const groups = Map.groupBy(left, reducer.reduce);
  return all([
    runTargets(fetch, run, targets, batch, extra),
    ...[...groups].map(([part, some]) => part && runGroup(part, run, some, pickExtra(part.node, extra))),
  ]);
}

function runTargets(fetch: EntityFetch, run: Run, targets: readonly Target[], batch: Batch, extra: Extra): Promise<void> | undefined {
  if (targets.length === 0) return undefined;
  if (batch.entities.length === 0) reportKnown(fetch, run, targets.length);
  const repeated = targets.length - batch.entities.length;
  for (let from = 0; from < batch.entities.length; from += batchSize) {
    const part = (list: readonly unknown[]) => list.slice(from, from + batchSize) as never;
    const some: Batch = { entities: part(batch.entities), texts: part(batch.texts), objects: part(batch.objects) };
    const arrival = askFor(fetch, run, some, extra, some.entities.length + (from === 0 ? repeated : 0));
    for (const entity of some.entities) entity.arrival = arrival;
  }
  const arrivals = new Set(targets.map(({ entity }) => entity.arrival));
  return Promise.all(arrivals).then(() => put(fetch, run, targets));
}

function findEntities({ representer, sharedName }: EntityFetch, run: Run, objects: readonly Tree[]) {
  const known = knownEntities(run, sharedName);
  const targets: Target[] = [];
  const batch: Batch = { entities: [], texts: [], objects: [] };
  const left: Tree[] = [];
  for (const object of objects) {
    const text = representer.text(object);
    if (text === undefined) {
      left.push(object);
      continue;
    }
    let entity = known.get(text);
    if (!entity) {
      entity = { answer: { entity: null, errors: [] }, arrival: Promise.resolve() };
      known.set(text, entity);
      batch.entities.push(entity);
      batch.texts.push(text);
      batch.objects.push(object);
    }
    targets.push({ object, entity });
  }
  return { targets, batch, left };
}

/** Other fetches, or other runs, have asked for everything that this one wants. */
function reportKnown({ planned }: EntityFetch, run: Run, wanted: number): void {
  const now = performance.now();
  run.report({ fetch: planned, startedAt: now, endedAt: now, outcome: 'known', errors: 0, wanted, asked: 0, isShared: false });
}

function askFor(fetch: EntityFetch, run: Run, batch: Batch, extra: Extra, wanted: number): Promise<void> {
  const question: Question = { fetch, variables: { ...pickVariables(fetch.node, run), ...extra }, wanted, since: run.since };
  const finding = run.entityCache?.find(fetch.node, question.variables, batch);
  return finding ? finding.then((found) => askForRest(question, run, batch, found)) : ask(question, run, batch);
}

/** What is asked of all entities of a batch. */
interface Question {
  readonly fetch: EntityFetch;
  readonly variables: Extra;
  /** How many objects want one of them. */
  readonly wanted: number;
  readonly since: string | undefined;
}

/** Takes what is known from other runs, asks for what is not, and lets it be known. */
async function askForRest(question: Question, run: Run, batch: Batch, { entities: known, since, keep }: FoundEntities): Promise<void> {
  const rest: Batch = { entities: [], texts: [], objects: [] };
  const places: number[] = [];
  for (const [index, pending] of batch.entities.entries()) {
    pending.answer.entity = known[index] ?? null;
    if (known[index]) continue;
    places.push(index);
    rest.entities.push(pending);
    rest.texts.push(batch.texts[index] as string);
    rest.objects.push(batch.objects[index] as Tree);
  }
  if (places.length === 0) return reportKnown(question.fetch, run, question.wanted);
  await ask({ ...question, since }, run, rest);
  const answers = rest.entities.flatMap(({ answer: { entity, errors } }, index) =>
    entity && errors.length === 0 ? [[places[index] as number, entity] as const] : [],
  );
  if (answers.length > 0) keep(new Map(answers));
}

function ask({ fetch, variables, wanted, since }: Question, run: Run, batch: Batch): Promise<void> {
  const { node, planned, representer } = fetch;
  const { entities, texts, objects } = batch;
  return run
    .ask({
      fetch: planned,
      service: node.serviceName,
      query: node.operation,
      operationName: node.operationName,
      variables: () => ({ ...variables, representations: objects.map((object) => representer.object(object)) }),
      variablesText: () => withRepresentations(toJson(variables), texts),
      entities: entities.length,
      wanted,
      since,
    })
    .then((answer) => takeEntities(fetch, run, batch, answer));
}

const withRepresentations = (variables: string, texts: readonly string[]): string => {
  const before = variables.slice(0, -1);
  return `${before}${before.length > 1 ? ',' : ''}"representations":[${texts.join(',')}]}`;
};

function knownEntities({ entities }: Run, sharedName: string | undefined): KnownEntities {
  if (sharedName === undefined) return new Map();
  const known = entities.get(sharedName) ?? new Map<string, PendingEntity>();
  entities.set(sharedName, known);
  return known;
}

/** Tells each entity what the subgraph said of it. */
function takeEntities(
  { node, kinds, asked }: EntityFetch,
  run: Run,
  { entities, objects }: Batch,
  { data, errors = [] }: SubgraphAnswer,
): void {
  for (const error of errors.slice(0, mostErrors)) {
    const told = run.tell(error);
    const [root, index, ...rest] = error.path ?? [];
    const one = root === '_entities' && typeof index === 'number' ? entities[index] : undefined;
    // What concerns no single entity concerns them all.
    for (const { answer } of one ? [one] : entities) answer.errors.push({ ...told, rest: one ? rest : undefined });
  }
  const found = data ? own(data, '_entities') : undefined;
  if (!Array.isArray(found) || found.length !== entities.length) {
    if (errors.length === 0) for (const { answer } of entities) answer.errors.push({ ...unavailable(), rest: undefined });
    return;
  }
  for (const [index, entity] of found.entries()) {
    const { answer } = entities[index] as PendingEntity;
    if (entity === null || entity === undefined) continue;
    if (!isTree(entity) || !isOfType(kinds, objects[index] as Tree, entity)) {
      answer.errors.push({ ...unavailable(), rest: undefined });
      continue;
    }
    // What nobody asked for must not take the place of what others answered.
    for (const key of Object.keys(entity)) if (!asked().ofEntities.has(key)) delete entity[key];
    rewrite(kinds, node.outputRewrites, entity);
    answer.entity = entity;
  }
}

/** Whether an entity is what was asked for; it may say more exactly what it is, or less. */
function isOfType(kinds: Kinds, asked: Tree, { __typename: given }: Tree): boolean {
  const wanted = asked['__typename'];
  if (given === undefined || given === wanted || typeof given !== 'string' || typeof wanted !== 'string') return typeof given !== 'object';
  return kinds.of(wanted).has(given) || kinds.of(given).has(wanted);
}

/** Merges entities into the objects that refer to them, and puts their errors there. */
function put(fetch: EntityFetch, run: Run, targets: readonly Target[]): void {
  let flawed = false;
  for (const { object, entity } of targets) {
    flawed ||= entity.answer.errors.length > 0;
    if (entity.answer.entity) mergeEntity(fetch.kinds, object, entity.answer.entity);
  }
  if (flawed) placeErrors(fetch, run, targets);
}

/** A subgraph may know an interface as an object and call everything by its name; what an object is does not change. */
function mergeEntity(kinds: Kinds, object: Tree, entity: Tree): void {
  const before = object['__typename'];
  merge(object, entity);
  if (kinds.isExact(before)) object['__typename'] = before;
}

/** Of an object of which nothing but its type was asked nothing can be shown. */
const endsOf = (keys: readonly string[]): readonly (readonly string[])[] => (keys.length > 0 ? keys.map((key) => [key]) : [[]]);

function placeErrors({ path, asked }: EntityFetch, run: Run, targets: readonly Target[]): void {
  const places = placesAt(run.data, path);
  let left = mostErrors;
  for (const { object, entity } of targets)
    for (const { rest, message, extensions } of entity.answer.errors)
      for (const place of places.get(object) ?? [])
        for (const end of rest ? [rest] : endsOf(asked().ofEntity(object['__typename']))) {
          if (left-- <= 0) return;
          run.errors.push({ message, extensions, path: [...place.path, ...end] });
        }
}
