import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, type Schema, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import { type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql';
import { type SupergraphFacts, readFacts } from '../supergraph-facts.ts';
import { createKinds, type Kinds } from './kinds.ts';
import { mendSupergraph } from './mend-supergraph.ts';

/** A supergraph, ready to plan and to answer for. */
export interface Graph {
  /** What clients see, `@defer` included. */
  readonly schema: GraphQLSchema;
  /** The same for the planner. */
  readonly apiSchema: Schema;
  readonly planner: QueryPlanner;
  readonly facts: SupergraphFacts;
  readonly kinds: Kinds;
  /** The names of all fields; none of them may be given to anything else. */
  readonly fieldNames: ReadonlySet<string>;
}

/** Planning is synchronous: an operation that leaves more choices than this gets a good plan, not the best one. */
const mostPlansCompared = 2_000;

/** Reads a composed supergraph; throws when it is none. */
export function buildGraph(supergraphSdl: string): Graph {
  const supergraph = Supergraph.build(mendSupergraph(supergraphSdl), {
    supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
    validateSupergraph: false,
  });
  const apiSchema = supergraph.apiSchema();
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  return {
    schema: apiSchema.toGraphQLJSSchema({ includeDefer: true }),
    apiSchema,
    planner: new QueryPlanner(supergraph, {
      incrementalDelivery: { enableDefer: true },
      debug: { maxEvaluatedPlans: mostPlansCompared },
    }),
    facts: readFacts(supergraphSdl),
    kinds: createKinds(supergraphSchema),
    fieldNames: fieldNamesOf(supergraphSchema),
  };
}

function fieldNamesOf(schema: GraphQLSchema): Set<string> {
  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) || isInterfaceType(type));
  return new Set(types.flatMap((type) => Object.keys(type.getFields())));
}
