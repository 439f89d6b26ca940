import type { QueryPlan } from '@apollo/query-planner';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  getOperationAST,
  GraphQLError,
  Kind,
  parse,
  type OperationDefinitionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Permitted } from '../edge-access.ts';
import { chosenNode, compilePlan } from './compile.ts';
import { type Conditions, isIncluded, readConditions } from './conditions.ts';
import { generateWriter } from './generate-writer.ts';
import type { Mask, Told } from './errors.ts';
import type { Graph } from './graph.ts';
import { coverageAt, showHoles } from './holes.ts';
import { giveKeys } from './keys.ts';
import { planFully } from './plan-fully.ts';
import type { Step } from './run.ts';
import { type ObjectShape, type ShapeOptions, shapeOf } from './shape.ts';
import type { PlanPath } from './walk.ts';
import { composeWriter, type Writer } from './write.ts';

/** An operation as it was planned, for all that may run the same of it. */
export interface Operation {
  readonly definition: OperationDefinitionNode;
  /** The document that was planned: what is closed taken out, keys given. */
  readonly document: DocumentNode;
  readonly plan: QueryPlan;
  readonly conditions: Conditions;
  /** Writes a part of it. */
  part(place: PartOfPlan, variables: Readonly<Record<string, unknown>>): Part;
  /** What its variables decide, compiled at first use. */
  variant(variables: Readonly<Record<string, unknown>>): Variant;
}

/** Selections of an operation that the planner has split off. */
export interface PartOfPlan {
  readonly typeName: string;
  /** Where objects of that type stand. */
  readonly path: PlanPath;
  /** None at all without a text. */
  readonly selections: string | undefined;
}

/** What an object of the answer holds, and its writer. */
export interface Part {
  readonly shape: ObjectShape;
  readonly write: Writer;
}

/** An operation for one set of values of its `@skip` and `@include` variables. */
export interface Variant extends Part {
  /** Runs the plan of a query or mutation. */
  readonly step: Step;
}

export interface OperationOptions {
  readonly graph: Graph;
  /** False where code must not be generated. */
  readonly generateCode: boolean;
  /** Notes what the planner cannot plan. */
  readonly mask: Mask;
}

export interface PlanRequest {
  readonly permitted: Permitted;
  readonly operationName: string | undefined;
  /** Plans what is deferred apart. */
  readonly inParts: boolean;
  readonly overrides: ReadonlyMap<string, boolean> | undefined;
}

const variantsKept = 64;

/** Plans an operation. Throws where no plan can be made. */
export function prepareOperation({ graph, generateCode, mask }: OperationOptions, request: PlanRequest): Operation {
  const { permitted, operationName, inParts } = request;
  const { document, names } = giveKeys(graph, inParts ? permitted.document : withoutDefer(permitted.document));
  const definition = getOperationAST(document, operationName);
  if (!definition) throw new GraphQLError('the document holds no operation of that name');
  const conditions = readConditions(document, definition);
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);

  const selected = (typeName: string, sets: readonly SelectionSetNode[], included: ShapeOptions['included']): ObjectShape => {
    const type = graph.schema.getType(typeName);
    if (!type || !('getFields' in type || 'getTypes' in type)) throw new Error(`the schema has no type ${typeName}`);
    return shapeOf({ schema: graph.schema, fragments, names, included, closed: permitted.denials }, type as never, sets);
  };
  const rootName = graph.schema.getRootType(definition.operation)?.name ?? '';
  const { plan, coverage } = planFully(graph, document, request, () => selected(rootName, [definition.selectionSet], () => true));

  const partOf = (typeName: string, sets: readonly SelectionSetNode[], path: PlanPath, valueOf: (variable: string) => boolean): Part => {
    const wanted = selected(typeName, sets, (node) => isIncluded(node, valueOf));
    const shape = showHoles(wanted, coverageAt(coverage, path), (hole) =>
      tellOfHole(
        mask,
        [...path, ...hole.path].map((key) => names.get(key) ?? key),
      ),
    );
    return { shape, write: generateCode ? generateWriter(shape) : composeWriter(shape) };
  };
  const compile = (variables: Readonly<Record<string, unknown>>): Variant => {
    const valueOf = conditions.valueOf(variables);
    const node = chosenNode(plan, valueOf);
    const isWhole = node && node.kind !== 'Subscription' && node.kind !== 'Defer';
    return {
      ...partOf(rootName, [definition.selectionSet], [], valueOf),
      step: compilePlan(isWhole ? node : undefined, graph.kinds, valueOf),
    };
  };
  const variants = new LRUCache<string, Variant>({ max: variantsKept });
  const parts = new LRUCache<string, Part>({ max: variantsKept });
  return {
    definition,
    document,
    plan,
    conditions,
    variant: (variables) => remembered(variants, conditions.keyOf(variables), () => compile(variables)),
    part: ({ typeName, path, selections }, variables) =>
      remembered(parts, JSON.stringify([typeName, path, conditions.keyOf(variables), selections]), () =>
        partOf(typeName, selections === undefined ? [] : [selectionsOf(selections, graph.typeKey)], path, conditions.valueOf(variables)),
      ),
  };
}

/** The same with nothing deferred. */
const withoutDefer = (document: DocumentNode): DocumentNode =>
  visit(document, { Directive: (node) => (node.name.value === 'defer' ? null : undefined) });

function remembered<Value extends object>(cache: LRUCache<string, Value>, key: string, make: () => Value): Value {
  const known = cache.get(key);
  if (known) return known;
  const made = make();
  cache.set(key, made);
  return made;
}

/** One id for all who meet the hole, and one line in the log. */
function tellOfHole(mask: Mask, path: PlanPath): () => Told {
  let told: Told | undefined;
  return () =>
    (told ??= {
      message: 'no subgraph can answer this field',
      extensions: mask({ message: `the planner leaves out ${path.join('.')}: no subgraph can answer it` }),
    });
}

/** What the client selects in the planner's text. */
function selectionsOf(text: string, typeKey: string): SelectionSetNode {
  const selected: DocumentNode = visit(parse(text), { Field: ({ alias }) => (alias?.value === typeKey ? null : undefined) });
  const [definition] = selected.definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('the planner gave no selections');
  return definition.selectionSet;
}
