import { buildSubgraphSchema } from '@apollo/subgraph';
import { enforceAccess } from '@supergraph/platform/access';
import { createBus, defineSignal, type LiveTransport } from '@supergraph/platform/bus';
import type { SubgraphAnswer, SubgraphClient, SubgraphRequest } from '@supergraph/platform/subgraph';
import { type DocumentNode, parse, subscribe } from 'graphql';
import { z } from 'zod';

/** What happened, and when it was told: milliseconds since 1970, with fractions. */
export interface News {
  readonly text: string;
  readonly sentAt: number;
}

export const newsSdl = `
  directive @authenticated on OBJECT | FIELD_DEFINITION
  type Query { newest: News @authenticated }
  type Subscription { announced: News @authenticated piled: News @authenticated }
  type News @authenticated { text: String! sentAt: Float! }
`;

const payload = z.object({ text: z.string(), sentAt: z.number() });
/** What everybody hears, and what only those hear who are to be buried. */
const topics = { announced: defineSignal('news.announced', payload), piled: defineSignal('news.piled', payload) };
export type Topic = keyof typeof topics;

export interface NewsSubgraph extends SubgraphClient {
  /** Tells all who listen to a topic. */
  tell(topic: Topic, text: string): void;
  /** How many listen to a topic. */
  listeners(topic: Topic): number;
}

/** A subgraph inside the gateway's process; its events travel over the platform's bus, as those of the domains do. */
export function createNews(live: LiveTransport): NewsSubgraph {
  const bus = createBus(live);
  const count = { announced: 0, piled: 0 };
  const listen = (topic: Topic) => ({
    subscribe: (_: unknown, __: unknown, { signal }: { signal: AbortSignal }) => {
      count[topic] += 1;
      signal.addEventListener('abort', () => void (count[topic] -= 1), { once: true });
      return bus.signals(topics[topic], () => true, signal);
    },
    resolve: (news: News) => news,
  });
  const documents = new Map<string, DocumentNode>();
  /** As a domain does it: equal operations are parsed once. */
  const read = (query: string): DocumentNode => {
    const document = documents.get(query) ?? parse(query, { noLocation: true });
    documents.set(query, document);
    return document;
  };
  const resolvers = { Subscription: { announced: listen('announced'), piled: listen('piled') } };
  const schema = enforceAccess(buildSubgraphSchema([{ typeDefs: parse(newsSdl), resolvers: resolvers as never }]));
  return {
    name: 'news',
    tell: (topic, text) => bus.send(topics[topic], { text, sentAt: performance.timeOrigin + performance.now() }),
    listeners: (topic) => count[topic],
    execute: () => Promise.resolve({ data: { newest: null } }),
    subscribe: async ({ query, operationName, variables, identity, signal }: SubgraphRequest) =>
      (await subscribe({
        schema,
        document: read(query),
        operationName,
        variableValues: variables,
        contextValue: { ...identity, signal },
      })) as AsyncGenerator<SubgraphAnswer, void> | SubgraphAnswer,
    close: () => Promise.resolve(),
  };
}
