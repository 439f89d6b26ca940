import { operationFromDocument, ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner';
import { type DocumentNode, type GraphQLSchema, isInterfaceType, isObjectType, parse } from 'graphql';
import { type SupergraphFacts, readFacts } from '../supergraph-facts.ts';
import { freeName } from './free-name.ts';
import { createKinds, type Kinds } from './kinds.ts';
import { withoutDeadEnds } from './mend/dead-ends.ts';
import { planInOrder } from './mend/in-order.ts';
import { mendPlan } from './mend/plan.ts';
import { interfaceObjectsOf, spellOutConditions } from './mend/spell-out.ts';
import { addStandIns } from './mend/stand-ins.ts';
import { readRequirements, type Requirements } from './requirements.ts';

/** A supergraph, ready to plan and to answer for. */
export interface Graph {
  /** What clients see, `@defer` included. */
  readonly schema: GraphQLSchema;
  /** Plans an operation of a document. Throws where no plan can be made. */
  plan(document: DocumentNode, options: PlanOptions): QueryPlan;
  readonly facts: SupergraphFacts;
  readonly kinds: Kinds;
  readonly requirements: Requirements;
  /** The schema of one subgraph, as the planner knows it; undefined for a name that is none. */
  readonly subgraphSchema: (name: string) => GraphQLSchema | undefined;
  /** The names of all fields; none of them may be given to anything else. */
  readonly fieldNames: ReadonlySet<string>;
  /** The key of a `__typename` that only a plan wants. */
  readonly typeKey: string;
  /** What stands behind names that only plans have. */
  readonly planNames: ReadonlyMap<string, string>;
}

export interface PlanOptions {
  readonly operationName: string | undefined;
  /** Labels of `@override`, and whether they hold. */
  readonly overrides: ReadonlyMap<string, boolean> | undefined;
}

/** Planning is synchronous: an operation that leaves more choices than this gets a good plan, not the best one. */
const mostPlansCompared = 2_000;

/** Reads a composed supergraph; throws when it is none. */
export function buildGraph(supergraphSdl: string): Graph {
  const document = withoutDeadEnds(parse(supergraphSdl, { noLocation: true }));
  const supergraph = buildSupergraph(document);
  const mended = addStandIns(document);
  const planner = new QueryPlanner(mended.standIns.size === 0 ? supergraph : buildSupergraph(mended.document), {
    incrementalDelivery: { enableDefer: true },
    debug: { maxEvaluatedPlans: mostPlansCompared },
  });
  const apiSchema = supergraph.apiSchema();
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const fieldNames = fieldNamesOf(supergraphSchema);
  const kinds = createKinds(supergraphSchema);
  const schema = apiSchema.toGraphQLJSSchema({ includeDefer: true });
  const interfaceObjects = interfaceObjectsOf(document);
  const typeKey = freeName('_type', fieldNames);
  return {
    schema,
    plan: (wanted, { operationName, overrides = new Map() }) =>
      planInOrder(spellOutConditions(schema, interfaceObjects, typeKey, wanted), operationName, (part) => {
        const operation = operationFromDocument(apiSchema, part, { ...(operationName ? { operationName } : {}), validate: false });
        return mendPlan(planner.buildQueryPlan(operation, { overrideConditions: new Map(overrides) }), mended, kinds);
      }),
    facts: readFacts(supergraphSdl),
    kinds,
    requirements: readRequirements(document, mended),
    subgraphSchema: (name) => supergraph.subgraphs().get(name)?.schema.toGraphQLJSSchema(),
    fieldNames,
    typeKey,
    planNames: new Map([[typeKey, '__typename'], ...[...mended.standIns].map(([name, real]) => [name, real.name] as const)]),
  };
}

const buildSupergraph = (document: DocumentNode): Supergraph =>
  Supergraph.build(document, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, validateSupergraph: false });

function fieldNamesOf(schema: GraphQLSchema): Set<string> {
  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) || isInterfaceType(type));
  return new Set(types.flatMap((type) => Object.keys(type.getFields())));
}
