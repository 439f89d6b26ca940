import { operationFromDocument } from '@apollo/federation-internals';
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
import type { Graph } from './graph.ts';
import { giveKeys } from './keys.ts';
import type { Step } from './run.ts';
import { type ObjectShape, shapeOf } from './shape.ts';
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
export function prepareOperation({ graph, generateCode }: OperationOptions, request: PlanRequest): Operation {
  const { permitted, operationName, inParts, overrides } = request;
  const { document, names } = giveKeys(graph, inParts ? permitted.document : withoutDefer(permitted.document));
  const definition = getOperationAST(document, operationName);
  if (!definition) throw new GraphQLError('the document holds no operation of that name');
  const parsed = operationFromDocument(graph.apiSchema, document, { ...(operationName ? { operationName } : {}), validate: false });
  const plan = graph.planner.buildQueryPlan(parsed, overrides ? { overrideConditions: new Map(overrides) } : undefined);
  const conditions = readConditions(document, definition);
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);

  const partOf = (typeName: string, sets: readonly SelectionSetNode[], valueOf: (variable: string) => boolean): Part => {
    const type = graph.schema.getType(typeName);
    if (!type || !('getFields' in type || 'getTypes' in type)) throw new Error(`the schema has no type ${typeName}`);
    const included = (node: Parameters<typeof isIncluded>[0]) => isIncluded(node, valueOf);
    const shape = shapeOf({ schema: graph.schema, fragments, names, included, closed: permitted.denials }, type as never, sets);
    return { shape, write: generateCode ? generateWriter(shape) : composeWriter(shape) };
  };
  const rootName = graph.schema.getRootType(definition.operation)?.name ?? '';
  const compile = (variables: Readonly<Record<string, unknown>>): Variant => {
    const valueOf = conditions.valueOf(variables);
    const node = chosenNode(plan, valueOf);
    const isWhole = node && node.kind !== 'Subscription' && node.kind !== 'Defer';
    return {
      ...partOf(rootName, [definition.selectionSet], valueOf),
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
    part: (typeName, selections, variables) =>
      remembered(parts, JSON.stringify([typeName, conditions.keyOf(variables), selections]), () =>
        partOf(typeName, selections === undefined ? [] : [selectionsOf(selections)], conditions.valueOf(variables)),
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

function selectionsOf(text: string): SelectionSetNode {
  const [definition] = parse(text).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('the planner gave no selections');
  return definition.selectionSet;
}
