import type { DeferNode, DeferredNode } from '@apollo/query-planner';
import { type DocumentNode, visit } from 'graphql';
import type { Increment, IncrementalAnswer } from '../answer.ts';
import type { Engine, Planned } from './planned.ts';
import type { Kinds } from './kinds.ts';
import type { Observed } from './observe.ts';
import type { Run } from './run.ts';
import type { FieldShape, ObjectShape, ValueShape } from './shape.ts';
import { isTree, own, type Path, type Tree } from './tree.ts';
import { shapeFor } from './write.ts';

const deferring = new WeakMap<DocumentNode, boolean>();

/** Whether a document defers anything at all. */
export function hasDefer(document: DocumentNode): boolean {
  const known = deferring.get(document);
  if (known !== undefined) return known;
  let found = false;
  visit(document, {
    Directive: ({ name }) => {
      if (name.value === 'defer') found = true;
    },
  });
  deferring.set(document, found);
  return found;
}

/** All that the parts of one answer share. */
interface Parts extends Planned {
  readonly engine: Engine;
  readonly run: Run;
  readonly root: ObjectShape;
  readonly arrivals: Arrivals;
}

/** Runs an operation in parts: answers with what is not deferred, and gives the rest as it gets ready. */
export async function runDeferred(engine: Engine, request: Observed, planned: Planned, node: DeferNode): Promise<IncrementalAnswer> {
  const { operation, permitted } = planned;
  const arrivals = createArrivals();
  const run = engine.begin(operation, request, arrivals.arrived);
  const { shape: root } = operation;
  const parts: Parts = { ...planned, engine, run, root, arrivals };
  const { primary } = node;
  const later = startAll(parts, node.deferred);
  await operation.stepOf(primary.node)(run);
  // What there was nothing to ask for never arrives, and must not be waited for.
  arrivals.allArrived();
  const part = operation.part(root.typeName, primary.subselection);
  return { initial: engine.finish(operation, part, run, permitted, { at: [], root, data: run.data }), later: inOrderOfArrival(later) };
}

/** What one deferred part came to, and the parts that it defers itself. */
interface Arrived {
  readonly increments: readonly Increment[];
  readonly further: readonly Promise<Arrived>[];
}

const startAll = (parts: Parts, deferred: readonly DeferredNode[]): Promise<Arrived>[] => deferred.map((node) => runPart(parts, node));

async function runPart(parts: Parts, deferred: DeferredNode): Promise<Arrived> {
  const { engine, operation, permitted, arrivals, root } = parts;
  await arrivals.all(deferred.depends.map(({ id }) => id));
  // Data and known entities are shared with the rest; errors belong to the part.
  const run: Run = { ...parts.run, errors: [] };
  const inner = deferred.node?.kind === 'Defer' ? deferred.node : undefined;
  const further = inner ? startAll(parts, inner.deferred) : [];
  await operation.stepOf(inner ? inner.primary.node : deferred.node)(run);
  const subselection = deferred.subselection ?? inner?.primary.subselection;
  if (!subselection) return { increments: [], further };
  const places = placesOf(engine.graph.kinds, root, run.data, deferred.queryPath);
  const increments = places.map(({ object, typeName, path }, index) => {
    const part = operation.part(typeName, subselection);
    // Errors of the part's fetches have places of their own; the first increment carries them.
    const ownRun = { ...run, data: object, errors: index === 0 ? run.errors : [] };
    const { data = 'null', errors } = engine.finish(operation, part, ownRun, permitted, { at: path, root, data: run.data });
    return { path, data, ...(deferred.label ? { label: deferred.label } : {}), ...(errors ? { errors } : {}) };
  });
  return { increments, further };
}

async function* inOrderOfArrival(started: readonly Promise<Arrived>[]): AsyncGenerator<readonly Increment[], void> {
  const open = new Map<Promise<Arrived>, Promise<readonly [Promise<Arrived>, Arrived]>>();
  const add = (part: Promise<Arrived>) =>
    open.set(
      part,
      part.then((arrived) => [part, arrived] as const),
    );
  started.forEach(add);
  while (open.size > 0) {
    const [part, { increments, further }] = await Promise.race(open.values());
    open.delete(part);
    further.forEach(add);
    if (increments.length > 0) yield increments;
  }
}

interface DeferredPlace {
  readonly object: Tree;
  readonly typeName: string;
  readonly path: Path;
}

/** Where a deferred fragment stands in the answer: once for each object that its path leads to. */
function placesOf(kinds: Kinds, root: ObjectShape, data: Tree, queryPath: readonly string[]): DeferredPlace[] {
  const found: DeferredPlace[] = [];
  const visit = (shape: ObjectShape, object: Tree, at: number, path: Path): void => {
    const step = queryPath[at];
    if (step === undefined) return void found.push({ object, typeName: shape.typeName, path });
    if (step.startsWith('... on ')) {
      if (kinds.of(step.slice(7)).has(shape.typeName)) visit(shape, object, at + 1, path);
      return;
    }
    const field = shape.fields.find(({ dataKey }: FieldShape) => dataKey === step);
    if (field?.kind === 'value') descend(field.value, own(object, step), at + 1, [...path, field.responseKey]);
  };
  const descend = (value: ValueShape, given: unknown, at: number, path: Path): void => {
    if (value.kind === 'list') {
      if (Array.isArray(given)) given.forEach((item, index) => descend(value.item, item, at, [...path, index]));
      return;
    }
    if (!isTree(given) || value.kind === 'leaf') return;
    const shape = value.kind === 'object' ? value.shape : shapeFor(value, given['__typename']);
    if (shape) visit(shape, given, at, path);
  };
  visit(root, data, 0, []);
  return found;
}

interface Arrivals {
  readonly arrived: (id: string) => void;
  readonly allArrived: () => void;
  all(ids: readonly string[]): Promise<unknown>;
}

/** Lets deferred parts begin as soon as the fetches that they build on have answered. */
function createArrivals(): Arrivals {
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  let over = false;
  const of = (id: string) => {
    const known = waiting.get(id) ?? Promise.withResolvers<void>();
    waiting.set(id, known);
    if (over) known.resolve();
    return known;
  };
  return {
    arrived: (id) => of(id).resolve(),
    allArrived: () => {
      over = true;
      for (const { resolve } of waiting.values()) resolve();
    },
    all: (ids) => Promise.all(ids.map((id) => of(id).promise)),
  };
}
