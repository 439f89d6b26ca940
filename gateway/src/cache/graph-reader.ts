import type { FetchNode, QueryPlan } from '@apollo/query-planner';
import { domainTag, listTag } from '@supergraph/platform/touches';
import { type GraphQLSchema, OperationTypeNode } from 'graphql';
import type { Graph } from '../engine/graph.ts';
import type { Operation } from '../engine/operation.ts';
import { fetchesOf, mapFetches } from '../engine/plan-fetches.ts';
import type { SupergraphFacts } from '../supergraph-facts.ts';
import { type CachePolicy, mayBeKept, strictest, unbounded } from './policy.ts';
import { type FetchReading, readFetch } from './read-fetch.ts';

/** What may be kept of whole answers. */
export interface AnswerReading extends CachePolicy {
  /** What outdates every such answer, whatever is in it. */
  readonly tags: readonly string[];
  readonly optional: ReadonlyMap<string, readonly string[]>;
}

/** What of a graph's plans may be kept; each plan is read once. */
export interface GraphReader {
  /** The plan whose fetches also ask for the keys of what may be kept. */
  readonly readPlan: (plan: QueryPlan, kind: OperationTypeNode) => QueryPlan;
  ofFetch(fetch: FetchNode): FetchReading | undefined;
  ofAnswer(operation: Operation): AnswerReading | undefined;
  /** The domains that an operation may change, those left out of which nothing is ever kept. */
  changedBy(operation: Operation): readonly string[];
}

/** Reads the plans of one graph. */
export function createGraphReader(graph: Pick<Graph, 'facts' | 'kinds' | 'subgraphSchema'>): GraphReader {
  const { facts, kinds } = graph;
  const schemas = new Map<string, GraphQLSchema | undefined>();
  const fetches = new WeakMap<FetchNode, FetchReading>();
  const answers = new WeakMap<Operation, { readonly reading: AnswerReading | undefined }>();
  const changes = new WeakMap<Operation, readonly string[]>();
  const kept = new Map<string, boolean>();

  const schemaOf = (service: string): GraphQLSchema | undefined => {
    if (!schemas.has(service)) schemas.set(service, graph.subgraphSchema(service));
    return schemas.get(service);
  };
  const readOne = (fetch: FetchNode): FetchNode => {
    const schema = schemaOf(fetch.serviceName);
    const reading = schema && readFetch({ facts, kinds, schema }, fetch);
    if (!reading) return fetch;
    const { operationDocumentNode: _, ...rest } = fetch;
    const read = { ...rest, operation: reading.operation };
    fetches.set(read, reading);
    return read;
  };
  const readAnswer = (all: readonly FetchNode[]): AnswerReading | undefined => {
    const readings = all.map((fetch) => fetches.get(fetch));
    if (all.length === 0 || !readings.every((reading) => reading !== undefined)) return undefined;
    const { maxAge, scope } = readings.reduce<CachePolicy>(strictest, unbounded);
    const tags = [...readings.flatMap(({ lists }) => [...lists].map(listTag)), ...all.map(({ serviceName }) => domainTag(serviceName))];
    return { maxAge, scope, tags: [...new Set(tags)], optional: mergedOptional(readings) };
  };
  const isKept = (service: string): boolean => {
    const known = kept.get(service) ?? isKeptOf(facts, schemaOf(service));
    kept.set(service, known);
    return known;
  };
  return {
    readPlan: (plan, kind) =>
      kind === OperationTypeNode.QUERY && plan.node && plan.node.kind !== 'Subscription'
        ? { ...plan, node: mapFetches(plan.node, readOne) }
        : plan,
    ofFetch: (fetch) => fetches.get(fetch),
    ofAnswer: (operation) => {
      const known = answers.get(operation);
      if (known) return known.reading;
      const { definition, plan } = operation;
      const reading = definition.operation === OperationTypeNode.QUERY ? readAnswer(fetchesOf(plan)) : undefined;
      answers.set(operation, { reading });
      return reading;
    },
    changedBy: (operation) => {
      const known = changes.get(operation) ?? [...rootServices(operation)].filter(isKept);
      changes.set(operation, known);
      return known;
    },
  };
}

function mergedOptional(readings: readonly FetchReading[]): ReadonlyMap<string, readonly string[]> {
  const merged = new Map<string, readonly string[]>();
  for (const { optional } of readings)
    for (const [name, types] of optional) merged.set(name, [...new Set([...(merged.get(name) ?? []), ...types])]);
  return merged;
}

/** The subgraphs that a mutation's own fields are asked of. */
function rootServices({ definition, plan }: Operation): ReadonlySet<string> {
  const roots = definition.operation === OperationTypeNode.MUTATION ? fetchesOf(plan).filter(({ requires }) => !requires) : [];
  return new Set(roots.map(({ serviceName }) => serviceName));
}

/** Whether a subgraph has a field whose answers may be kept. */
function isKeptOf({ types }: SupergraphFacts, schema: GraphQLSchema | undefined): boolean {
  return Object.values(schema?.getTypeMap() ?? {}).some((type) => {
    const facts = types.get(type.name);
    if (!facts || !('getFields' in type)) return false;
    return mayBeKept(facts.cache) || Object.keys(type.getFields()).some((name) => mayBeKept(facts.fields.get(name)?.cache));
  });
}
