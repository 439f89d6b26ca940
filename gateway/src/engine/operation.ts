import type { PlanNode, QueryPlan } from '@apollo/query-planner';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  getOperationAST,
  GraphQLError,
  isCompositeType,
  Kind,
  parse,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Permitted } from '../edge-access.ts';
import { compilePlan } from './compile.ts';
import { conditionsOf, decide } from './conditions.ts';
import type { EngineCache } from './engine-cache.ts';
import { generateWriter } from './generate-writer.ts';
import type { Mask, Told } from './errors.ts';
import type { Graph } from './graph.ts';
import { showHoles } from './holes.ts';
import { createIsRequired, createIsWanted, type IsRequired } from './is-wanted.ts';
import { giveKeys } from './keys.ts';
import { planFully, withoutDefer } from './plan-fully.ts';
import type { Step } from './run.ts';
import { hasContexts } from './surroundings.ts';
import { type ObjectShape, shapeOf } from './shape.ts';
import type { PlanPath } from './walk.ts';
import { composeWriter, type Writer } from './write.ts';

/** What an object of the answer holds, and its writer. */
export interface Part {
  readonly shape: ObjectShape;
  readonly write: Writer;
}

/** An operation as it was planned, for all that may run the same of it: its shape and writer are those of the whole answer. */
export interface Operation extends Part {
  readonly definition: OperationDefinitionNode;
  /** The document that was planned: what is closed and what is skipped taken out, keys given. */
  readonly document: DocumentNode;
  /** What the client would call what was planned under another name. */
  readonly names: ReadonlyMap<string, string>;
  readonly plan: QueryPlan;
  readonly isRequired: IsRequired;
  /** Runs a part of the plan in which nothing is deferred; compiled at first use. */
  stepOf(node: PlanNode | undefined): Step;
  /** Writes some of the selections at a type, as the planner has split them off; none at all without a text. */
  part(typeName: string, selections: string | undefined): Part;
}

export interface OperationOptions {
  readonly graph: Graph;
  /** False where code must not be generated. */
  readonly generateCode: boolean;
  /** Notes what the planner cannot plan. */
  readonly mask: Mask;
  readonly cache: EngineCache | undefined;
}

export interface PlanRequest {
  readonly permitted: Permitted;
  readonly operationName: string | undefined;
  /** Decide what is skipped. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Plans what is deferred apart. */
  readonly inParts: boolean;
  readonly overrides: ReadonlyMap<string, boolean> | undefined;
}

const partsKept = 64;

/** Plans an operation. Throws where no plan can be made. */
export function prepareOperation({ graph, generateCode, mask, cache }: OperationOptions, request: PlanRequest): Operation {
  const { permitted, operationName, variables, inParts } = request;
  const valueOf = conditionsOf(permitted.document, operationName).valueOf(variables);
  const decided = decide(inParts ? permitted.document : withoutDefer(permitted.document), valueOf, graph.typeKey);
  const { document, names } = giveKeys(graph, decided);
  const definition = getOperationAST(document, operationName);
  if (!definition) throw new GraphQLError('the document holds no operation of that name');
  const shapeFor = createShapes(graph, document, names, permitted);
  const wanted = shapeFor(graph.schema.getRootType(definition.operation)?.name ?? '', [definition.selectionSet]);
  const { plan, coverage } = planFully(graph, document, request, () => wanted);

  const isRequired = createIsRequired(plan);
  const facts = { ...graph, isWanted: createIsWanted(graph.kinds, wanted, isRequired), hasContexts: hasContexts(plan) };
  const written = (shape: ObjectShape): Part => ({ shape, write: generateCode ? generateWriter(shape) : composeWriter(shape) });
  const parts = new LRUCache<string, Part>({ max: partsKept });
  const steps = new Map<PlanNode | undefined, Step>();
  return {
    ...written(showHoles(wanted, coverage, ({ path }) => tellOfHole(mask, names, path))),
    definition,
    document,
    names: tellableNames(graph, names, permitted),
    isRequired,
    plan: cache ? cache.readPlan(plan, definition.operation) : plan,
    stepOf: (node) => {
      const known = steps.get(node) ?? compilePlan(node, facts);
      steps.set(node, known);
      return known;
    },
    part: (typeName, selections) =>
      remembered(parts, `${typeName}\n${selections ?? ''}`, () =>
        written(shapeFor(typeName, selections === undefined ? [] : [selectionsOf(selections)])),
      ),
  };
}

/** What is closed has left a field behind that anybody may ask for. */
function tellableNames({ planNames }: Graph, names: ReadonlyMap<string, string>, { denials }: Permitted): ReadonlyMap<string, string> {
  const tellable = (name: string) => (denials.has(name) ? '__typename' : (planNames.get(name) ?? name));
  return new Map([...planNames, ...[...names].map(([key, name]) => [key, tellable(name)] as const)]);
}

type Shapes = (typeName: string, sets: readonly SelectionSetNode[]) => ObjectShape;

/** The shapes of a document's selections. */
function createShapes(
  { schema, typeKey }: Graph,
  document: DocumentNode,
  names: ReadonlyMap<string, string>,
  { denials }: Permitted,
): Shapes {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  return (typeName, sets) => {
    const type = schema.getType(typeName);
    if (!isCompositeType(type)) throw new Error(`the schema has no objects of type ${typeName}`);
    return shapeOf({ schema, fragments, names, typeKey, closed: denials }, type, sets);
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
