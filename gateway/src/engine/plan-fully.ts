import type { QueryPlan } from '@apollo/query-planner';
import { type DocumentNode, getNamedType, isInterfaceType, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import { typeUnder } from './conditions.ts';
import type { Graph, PlanOptions } from './graph.ts';
import { askEmptyObjects } from './mend/empty-objects.ts';
import { type Coverage, coverageAt, coverageOf, holesIn } from './holes.ts';
import type { ObjectShape, ValueShape } from './shape.ts';
import type { PlanPath } from './walk.ts';

/** A plan and what it asks for. */
export interface FullPlan {
  readonly plan: QueryPlan;
  readonly coverage: Coverage;
}

/**
 * Plans a document so that it leaves out as little as can be; `wanted` is the shape of all that the document selects.
 * Throws where no plan can be made.
 *
 * The planner drops a field that leads to an interface of which its subgraph knows no type, if nothing below it can be
 * had. Asked for the type as well, it keeps the field, and the subgraph itself says what stands there. Where it cannot
 * defer, or would drop from a deferred part what it leaves out, nothing is deferred.
 */
export function planFully(graph: Graph, document: DocumentNode, options: PlanOptions, wanted: () => ObjectShape): FullPlan {
  const planAsked = (one: DocumentNode) => withCoverage(graph.plan(one, options));
  const planOf = (one: DocumentNode) => {
    const asking = askEmptyObjects(graph.schema, graph.typeKey, one);
    return (asking === one ? undefined : attempt(() => planAsked(asking))) ?? planAsked(one);
  };
  const whole = withoutDefer(document);
  const inParts = whole === document ? undefined : attempt(() => planOf(document));
  if (inParts && holesIn(wanted(), inParts.coverage).length === 0) return inParts;
  const first = planOf(whole);
  const objects = holesIn(wanted(), first.coverage).filter(({ field }) => !isLeaf(field.value));
  const asking = objects.length > 0 ? askTypes(graph, whole) : whole;
  if (asking === whole) return first;
  const second = attempt(() => planOf(asking));
  const mends = second && objects.some(({ path }) => isCovered(second.coverage, path));
  return mends ? second : first;
}

/** Nothing where the planner gives up; there is always another document to plan. */
function attempt(plan: () => FullPlan): FullPlan | undefined {
  try {
    return plan();
  } catch {
    return undefined;
  }
}

/** The same with nothing deferred. */
export const withoutDefer = (document: DocumentNode): DocumentNode =>
  visit(document, { Directive: (node) => (node.name.value === 'defer' ? null : undefined) });

const withCoverage = (plan: QueryPlan): FullPlan => ({ plan, coverage: coverageOf(plan) });

const isCovered = (coverage: Coverage, path: PlanPath): boolean => coverageAt(coverage, path.slice(0, -1)).has(path.at(-1) ?? '');

const isLeaf = (value: ValueShape): boolean => (value.kind === 'list' ? isLeaf(value.item) : value.kind === 'leaf');

/** Asks each interface for its type, under a name that the planner does not take for its own. */
function askTypes({ schema, typeKey }: Graph, document: DocumentNode): DocumentNode {
  const types = new TypeInfo(schema);
  return visit(
    document,
    visitWithTypeInfo(types, {
      Field: {
        leave: (node) => {
          const { selectionSet } = node;
          if (!selectionSet || !isInterfaceType(getNamedType(types.getType()))) return undefined;
          return { ...node, selectionSet: { ...selectionSet, selections: [typeUnder(typeKey), ...selectionSet.selections] } };
        },
      },
    }),
  );
}
