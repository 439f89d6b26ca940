import { hash } from 'node:crypto';
import type { Identity } from '@supergraph/platform/context';
import { domainTag } from '@supergraph/platform/touches';
import { type DocumentNode, type OperationDefinitionNode, OperationTypeNode, print } from 'graphql';
import type { Answer } from '../answer.ts';
import type { CacheOf, EngineCache, Work } from '../engine/engine-cache.ts';
import type { Planned } from '../engine/planned.ts';
import type { ExecutorRequest } from '../executor.ts';
import type { CacheScope, SupergraphFacts } from '../supergraph-facts.ts';
import { createEntityCache } from './entity-cache.ts';
import { type AnswerReading, createGraphReader } from './graph-reader.ts';
import type { CacheMetrics } from './metrics.ts';
import { type CachePolicy, mayBeKept } from './policy.ts';
import { type CacheStore, type Moment, momentName } from './store.ts';
import { addTags } from './tags-in.ts';
import { viewerKey } from './viewer-key.ts';

export interface EngineCacheOptions {
  readonly store: CacheStore;
  readonly metrics?: CacheMetrics | undefined;
  readonly now?: () => number;
}

/** Answers and entities of engines, kept in one store. Entries of different supergraphs never meet. */
export function createEngineCache({ store, metrics, now = Date.now }: EngineCacheOptions): CacheOf {
  return (graph, supergraphSdl): EngineCache | undefined => {
    if (!keepsAnything(graph.facts)) return undefined;
    const reader = createGraphReader(graph);
    const graphKey = digest(supergraphSdl);
    const changed: EngineCache['changed'] = (operation) => {
      const domains = reader.changedBy(operation);
      if (domains.length > 0) store.touch(domains.map(domainTag));
    };
    const answers = { graphKey, store, metrics, now, facts: graph.facts };
    return {
      readPlan: reader.readPlan,
      changed,
      entitiesFor: ({ definition }, identity) =>
        definition.operation === OperationTypeNode.QUERY
          ? createEntityCache({ reader, store, metrics, now, graphKey, facts: graph.facts }, identity)
          : undefined,
      answer: async (planned, request, work) => {
        const { operation } = planned;
        if (operation.definition.operation === OperationTypeNode.MUTATION) {
          try {
            return (await work()).answer;
          } finally {
            changed(operation);
          }
        }
        const reading = reader.ofAnswer(operation);
        return reading ? answerThrough(answers, reading, planned, request, work) : (await work()).answer;
      },
    };
  };
}

interface Answers extends EngineCacheOptions {
  readonly now: () => number;
  readonly graphKey: string;
  readonly facts: SupergraphFacts;
}

async function answerThrough(
  answers: Answers,
  reading: AnswerReading,
  planned: Planned,
  request: ExecutorRequest,
  work: Work,
): Promise<Answer> {
  const { store, metrics, now } = answers;
  const shared = viewerKey(request.identity, reading.scope);
  // Who wants to see how an answer comes about does not want an old one.
  if (shared === undefined || request.explain) return (await work()).answer;
  const key = answerKey(answers.graphKey, planned, request, shared);
  const begun = now();
  const { entries, moment } = await store.find([key]);
  const [kept] = entries;
  metrics?.lookedUp('answer', kept ? 1 : 0, 1);
  if (kept) return { data: kept.text, cache: controlOf(request.identity, reading.scope, kept.expiresAt - now()) };
  const { answer, run } = await work(moment && momentName(moment));
  if (answer.errors?.length || answer.data === undefined) return answer;
  const expiresAt = Math.min(begun + reading.maxAge * 1_000, run.entityCache?.freshUntil ?? Infinity);
  if (moment !== undefined) keepAnswer(answers, reading, { key, text: answer.data, expiresAt }, run.data, moment);
  return { ...answer, cache: controlOf(request.identity, reading.scope, expiresAt - now()) };
}

function keepAnswer(
  { store, metrics, facts }: Answers,
  { tags, optional }: AnswerReading,
  entry: { readonly key: string; readonly text: string; readonly expiresAt: number },
  data: unknown,
  moment: Moment,
): void {
  const all = new Set(tags);
  if (!addTags(facts, optional, data, all)) return;
  store.keep([{ ...entry, tags: [...all] }], moment);
  metrics?.kept('answer', 1);
}

/** What caches on the way may do: they know nothing of viewers, so only what a guest gets is for everybody. */
const controlOf = ({ viewer }: Identity, scope: CacheScope, leftMs: number): CachePolicy => ({
  maxAge: Math.max(0, Math.floor(leftMs / 1_000)),
  scope: viewer ? 'PRIVATE' : scope,
});

const keepsAnything = ({ types }: SupergraphFacts): boolean =>
  [...types.values()].some(({ cache, fields }) => mayBeKept(cache) || [...fields.values()].some((field) => mayBeKept(field.cache)));

const digest = (text: string): string => hash('sha256', text, 'base64url');

const documentKeys = new WeakMap<DocumentNode, string>();

/** The same for the same text, in every process. */
function documentKey(document: DocumentNode): string {
  const known = documentKeys.get(document) ?? digest(print(document));
  documentKeys.set(document, known);
  return known;
}

function answerKey(graphKey: string, { operation, permitted }: Planned, request: ExecutorRequest, shared: string): string {
  const { document, operationName, variables = {}, overrides = new Map<string, boolean>() } = request;
  const labels = [...overrides].flatMap(([label, on]) => (on ? [label] : [])).toSorted();
  const used = usedVariables(operation.definition, variables);
  return `answer ${digest(JSON.stringify([graphKey, documentKey(document), operationName, permitted.key, labels, used, shared]))}`;
}

/** What the operation asks for; clients may send more. */
const usedVariables = ({ variableDefinitions = [] }: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>) =>
  variableDefinitions.map(({ variable: { name } }) => [Object.hasOwn(variables, name.value), variables[name.value]]);
