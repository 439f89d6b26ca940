import type { QueryPlan } from '@apollo/query-planner';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  getOperationAST,
  GraphQLError,
  isCompositeType,
  Kind,
  parse,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Permitted } from '../edge-access.ts';
import { chosenNode, compilePlan } from './compile.ts';
import { type Conditions, isIncluded, readConditions } from './conditions.ts';
import { generateWriter } from './generate-writer.ts';
import type { Mask, Told } from './errors.ts';
import type { Graph } from './graph.ts';
import { showHoles } from './holes.ts';
import { giveKeys } from './keys.ts';
import { planFully, withoutDefer } from './plan-fully.ts';
import type { Step } from './run.ts';
import { type ObjectShape, shapeOf } from './shape.ts';
import type { PlanPath } from './walk.ts';
import { composeWriter, type Writer } from './write.ts';

/** An operation as it was planned, for all that may run the same of it. */
export interface Operation {
  readonly definition: OperationDefinitionNode;
  /** The document that was planned: what is closed taken out, keys given. */
  readonly document: DocumentNode;
  readonly plan: QueryPlan;
  readonly conditions: Conditions;
  /** Writes some of its selections at a type, as the planner has split them off; none at all without a text. */
  part(typeName: string, selections: string | undefined, variables: Readonly<Record<string, unknown>>): Part;
  /** What its variables decide, compiled at first use. */
  variant(variables: Readonly<Record<string, unknown>>): Variant;
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
  const wanted = createShapes(graph, document, names, permitted);
  const rootName = graph.schema.getRootType(definition.operation)?.name ?? '';
  const { plan, coverage } = planFully(graph, document, request, () => wanted(rootName, [definition.selectionSet], () => undefined));

  const written = (shape: ObjectShape): Part => ({ shape, write: generateCode ? generateWriter(shape) : composeWriter(shape) });
  const compile = (variables: Readonly<Record<string, unknown>>): Variant => {
    const valueOf = conditions.valueOf(variables);
    const node = chosenNode(plan, valueOf);
    const isWhole = node && node.kind !== 'Subscription' && node.kind !== 'Defer';
    const shape = showHoles(wanted(rootName, [definition.selectionSet], valueOf), coverage, ({ path }) => tellOfHole(mask, names, path));
    return { ...written(shape), step: compilePlan(isWhole ? node : undefined, graph.kinds, valueOf) };
  };
  const variants = new LRUCache<string, Variant>({ max: variantsKept });
  const parts = new LRUCache<string, Part>({ max: variantsKept });
  return {
    definition,
    document,
    plan,
    conditions,
    variant: (variables) => remembered(variants, conditions.keyOf(variables), () => compile(variables)),
    part: (typeName, selections, variables) =>
      remembered(parts, JSON.stringify([typeName, conditions.keyOf(variables), selections]), () =>
        written(wanted(typeName, selections === undefined ? [] : [selectionsOf(selections)], conditions.valueOf(variables))),
      ),
  };
}

type Shapes = (typeName: string, sets: readonly SelectionSetNode[], valueOf: (variable: string) => boolean | undefined) => ObjectShape;

/** The shapes of a document's selections, for what is known of its variables. */
function createShapes({ schema }: Graph, document: DocumentNode, names: ReadonlyMap<string, string>, { denials }: Permitted): Shapes {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  return (typeName, sets, valueOf) => {
    const type = schema.getType(typeName);
    if (!isCompositeType(type)) throw new Error(`the schema has no objects of type ${typeName}`);
    const included = (node: SelectionNode) => isIncluded(node, valueOf);
    return shapeOf({ schema, fragments, names, included, closed: denials }, type, sets);
  };
}

function remembered<Value extends object>(cache: LRUCache<string, Value>, key: string, make: () => Value): Value {
  const known = cache.get(key);
  if (known) return known;
  const made = make();
  cache.set(key, made);
  return made;
}

/** One id for all who meet the hole, and one line in the log. */
function tellOfHole(mask: Mask, names: ReadonlyMap<string, string>, path: PlanPath): () => Told {
  let told: Told | undefined;
  return () => {
    const place = path.map((key) => names.get(key) ?? key).join('.');
    told ??= { message: 'no subgraph can answer this field', extensions: mask({ message: `no subgraph can answer ${place}` }) };
    return told;
  };
}

function selectionsOf(text: string): SelectionSetNode {
  const [definition] = parse(text).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('the planner gave no selections');
  return definition.selectionSet;
}
