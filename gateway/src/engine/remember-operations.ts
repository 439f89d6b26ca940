import type { DocumentNode } from 'graphql';
import { conditionsOf } from './conditions.ts';
import type { EngineMetrics } from './fetch-report.ts';
import type { Operation } from './operation.ts';
import type { Engine } from './planned.ts';

type Asked = Parameters<Engine['prepare']>;

/** The operations of one document. */
interface Kept {
  readonly operations: Map<string, () => Operation>;
  /** Outlives the document, to be taken off when it is gone. */
  readonly tally: { count: number };
}

const operationsPerDocument = 50;

/** Operations live as long as their documents, a few for each: who may see different things, or skips some, runs a different plan. */
export function rememberOperations(prepare: (...asked: Asked) => Operation, metrics: EngineMetrics): Engine['prepare'] {
  const known = new WeakMap<DocumentNode, Kept>();
  const gone = new FinalizationRegistry<Kept['tally']>(({ count }) => metrics.kept(-count));
  const keptOf = (document: DocumentNode): Kept => {
    const found = known.get(document);
    if (found) return found;
    const kept: Kept = { operations: new Map(), tally: { count: 0 } };
    known.set(document, kept);
    gone.register(document, kept.tally);
    return kept;
  };
  const keep = ({ operations, tally }: Kept, key: string, operation: () => Operation) => {
    if (operations.size >= operationsPerDocument) operations.clear();
    operations.set(key, operation);
    metrics.kept(operations.size - tally.count);
    tally.count = operations.size;
  };
  return (...asked) => {
    const [permitted, request, inParts] = asked;
    const kept = keptOf(permitted.document);
    const overrides = [...(request.overrides ?? [])].flatMap(([label, on]) => (on ? [label] : []));
    const conditions = conditionsOf(permitted.document, request.operationName).keyOf(request.variables ?? {});
    const key = JSON.stringify([request.operationName, permitted.key, inParts, overrides, conditions]);
    const found = kept.operations.get(key);
    if (found) {
      metrics.planFound();
      return { operation: found(), isKnown: true };
    }
    const made = attempt(() => measured(metrics, () => prepare(...asked)));
    keep(kept, key, made);
    return { operation: made(), isKnown: false };
  };
}

function measured(metrics: EngineMetrics, plan: () => Operation): Operation {
  const startedAt = performance.now();
  let isMade = false;
  try {
    const operation = plan();
    isMade = true;
    return operation;
  } finally {
    metrics.planned(performance.now() - startedAt, isMade);
  }
}

/** What came of it, also when it failed: what cannot be planned is not planned again for every request. */
function attempt<Result>(work: () => Result): () => Result {
  try {
    const result = work();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
