import type { Identity } from '@supergraph/platform/context';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import type { Answer, IncrementalAnswer } from './answer.ts';
import type { SupergraphFacts } from './supergraph-facts.ts';

/** One operation of a client: a checked document, and who asks until when. */
export interface ExecutorRequest {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly identity: Identity;
  /** Ends when the client leaves. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** Which fields with a progressive `@override(label:)` come from their new subgraph, by label. */
  readonly overrides?: ReadonlyMap<string, boolean> | undefined;
  /** Says in `extensions` how the operation was planned and where the time went (`Explained`). */
  readonly explain?: boolean | undefined;
}

/** A subscription; who asks is looked at again before each event. */
export interface SubscriptionRequest extends Omit<ExecutorRequest, 'deadline'> {
  /** The identity as it is now; throws when it no longer holds. */
  readonly refresh?: () => Promise<Identity>;
  /** Calls back when it may no longer hold, though no event comes; the result stops that. */
  readonly onDoubt?: (listener: () => void) => () => void;
}

/** All that the rest of the gateway knows of how operations run. */
export interface Executor {
  /** What clients see. */
  readonly schema: GraphQLSchema;
  /** Access rules, costs and scopes, as the supergraph has them. */
  readonly facts: SupergraphFacts;
  /** The whole answer; `@defer` is as if it were not there. */
  execute(request: ExecutorRequest): Promise<Answer>;
  /** For clients that read answers in parts: what is deferred comes later. */
  executeInParts(request: ExecutorRequest): Promise<Answer | IncrementalAnswer>;
  /** An answer in place of a stream means that the subscription could not begin. */
  subscribe(request: SubscriptionRequest): Promise<AsyncGenerator<Answer, void> | Answer>;
  /** Plans and compiles an operation before anybody asks for it; throws where it cannot be planned. */
  warm(document: DocumentNode, operationName?: string): void;
}
