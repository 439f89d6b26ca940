import type { QueryPlanSelectionNode } from '@apollo/query-planner';
import { compileFetch, type CompiledFetch, type PlanFacts, pickVariables } from './compiled-fetch.ts';
import type { FoundEntities } from './engine-cache.ts';
import { type Batch, entityFetch, type EntityFetch, type Target } from './entity-fetch.ts';
import type { FetchReport } from './fetch-report.ts';
import { toJson } from './json.ts';
import { createReducer, type Reducer } from './reduced-fetch.ts';
import type { FetchRequest, KnownEntities, PendingEntity, Run, Step } from './run.ts';
import { type Extra, groupByContext, pickExtra } from './surroundings.ts';
import { put, takeEntities } from './take-entities.ts';
import type { Tree } from './tree.ts';
import { targetsAt } from './walk.ts';

/** What a subgraph takes at once; more entities are asked for side by side. */
const batchSize = 500;

/** Compiles a fetch of entities: each one is asked for once, however often the answer refers to it. */
export function fetchEntities(compiled: CompiledFetch, requires: readonly QueryPlanSelectionNode[], facts: PlanFacts): Step {
  const { node, path, kinds } = compiled;
  const contexts = node.contextRewrites ?? [];
  const reducer = createReducer(compiled, requires, facts, (part, needed) => ({
    ...entityFetch(compileFetch(part, path, kinds), needed, facts),
    planned: compiled,
  }));
  const fetch = entityFetch(compiled, requires, facts, reducer.isWhole);
  return (run) => {
    const objects = targetsAt(run.data, path);
    if (objects.length === 0) return undefined;
    if (contexts.length === 0) return runGroup(fetch, run, objects, {}, reducer);
    const groups = groupByContext(kinds, path, contexts, run);
    return all(groups.map(([extra, group]) => runGroup(fetch, run, group, extra, reducer)));
  };
}

/** Nothing to wait for where there is nothing. */
function all(steps: readonly (Promise<void> | undefined)[]): Promise<void> | undefined {
  const waiting = steps.filter((one) => one !== undefined);
  return waiting.length > 1 ? Promise.all(waiting).then(() => undefined) : waiting[0];
}

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
    ...[...groups].map(([part, some]) => (part ? runGroup(part, run, some, pickExtra(part.node, extra)) : passOver(run, some))),
  ]);
}

/** Of objects without a key, or without all that each field requires, nobody can be asked. */
function passOver(run: Run, objects: readonly Tree[]): undefined {
  for (const object of objects) run.unknown.add(object);
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
    const name = representer.name(object);
    if (!name) {
      left.push(object);
      continue;
    }
    const alike = known.get(name.group) ?? addGroup(known, name.group);
    let entity = alike.get(name.value);
    if (!entity) {
      entity = { answer: { entity: null, errors: [] }, arrival: arrived };
      alike.set(name.value, entity);
      batch.entities.push(entity);
      batch.texts.push(representer.text(object) as string);
      batch.objects.push(object);
    }
    targets.push({ object, entity });
  }
  return { targets, batch, left };
}

const arrived = Promise.resolve();

function addGroup(known: KnownEntities, group: string): Map<string, PendingEntity> {
  const alike = new Map<string, PendingEntity>();
  known.set(group, alike);
  return alike;
}

/** Other fetches have asked for everything that this one wants. */
function reportKnown({ planned }: EntityFetch, run: Run, wanted: number): void {
  const now = performance.now();
  run.report({ ...nobodyAsked, fetch: planned, startedAt: now, endedAt: now, outcome: 'known', wanted, remembered: 0 });
}

const nobodyAsked = { errors: 0, asked: 0, isShared: false };

function askFor(fetch: EntityFetch, run: Run, batch: Batch, extra: Extra, wanted: number): Promise<void> {
  const variables = { ...pickVariables(fetch.node, run), ...extra };
  const question: Question = { fetch, variables, wanted, remembered: 0, since: run.since };
  const startedAt = performance.now();
  const finding = run.entityCache?.find(fetch.node, variables, batch);
  return finding ? finding.then((found) => askForRest(question, run, batch, { ...found, startedAt })) : ask(question, run, batch);
}

/** What is asked of all entities of a batch; `wanted` and `remembered` as a request of a fetch has them. */
interface Question extends Pick<FetchRequest, 'wanted' | 'remembered' | 'since'> {
  readonly fetch: EntityFetch;
  readonly variables: Extra;
}

type Begun = Pick<FetchReport, 'startedAt'>;

/** Takes what is known from other runs, asks for what is not, and lets it be known. */
async function askForRest(question: Question, run: Run, batch: Batch, found: FoundEntities & Begun): Promise<void> {
  const { entities: known, since, keep } = found;
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
  const remembered = batch.entities.length - places.length;
  if (places.length === 0) return reportRemembered({ ...question, remembered }, run, found);
  await ask({ ...question, remembered, since }, run, rest);
  const answers = rest.entities.flatMap(({ answer: { entity, errors } }, index) =>
    entity && errors.length === 0 ? [[places[index] as number, entity] as const] : [],
  );
  if (answers.length > 0) keep(new Map(answers));
}

/** Earlier requests have asked for everything that this one wants. */
function reportRemembered({ fetch, wanted, remembered }: Question, run: Run, { startedAt }: Begun): void {
  const endedAt = performance.now();
  run.report({ ...nobodyAsked, fetch: fetch.planned, startedAt, endedAt, outcome: 'remembered', wanted, remembered });
}

function ask({ fetch, variables, wanted, remembered, since }: Question, run: Run, batch: Batch): Promise<void> {
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
      remembered,
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
  const known = entities.get(sharedName) ?? (new Map() satisfies KnownEntities);
  entities.set(sharedName, known);
  return known;
}
