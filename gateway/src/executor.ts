import type { buildOperationContext } from '@apollo/gateway';
import type { QueryPlan } from '@apollo/query-planner';
import type { Identity } from '@supergraph/platform/context';
import type { SubgraphAnswer, SubgraphClient } from '@supergraph/platform/subgraph';
import type { DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql';
import type { Answer, IncrementalAnswer } from './answer.ts';
import type { EdgeAccess, Permitted } from './edge-access.ts';
import type { ErrorTrail } from './error-trail.ts';
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
  /** Says in `extensions` how the operation was planned and where the time went. */
  readonly explain?: boolean | undefined;
}

/** A subscription; who asks is looked at again before each event. */
export interface SubscriptionRequest extends Omit<ExecutorRequest, 'deadline'> {
  /** The identity as it is now; throws when it no longer holds. */
  readonly refresh?: () => Promise<Identity>;
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
}

/** What one plan needs to run; shared by queries and by the events of subscriptions. */
export interface Engine {
  readonly schema: GraphQLSchema;
  readonly clients: ReadonlyMap<string, SubgraphClient>;
  readonly access: EdgeAccess;
  prepare(permitted: Permitted, operationName: string | undefined): Prepared;
  run(prepared: Prepared, plan: QueryPlan, request: ExecutorRequest, permitted: Permitted, replace?: Replacement): Promise<ExecutionResult>;
  /** Errors of the client's variables, before anything is planned. */
  variableErrors(request: Pick<ExecutorRequest, 'document' | 'operationName' | 'variables'>): readonly GraphQLError[];
  newTrail(): ErrorTrail;
}

/** A fetch that is answered from what is already here: the event of a subscription. */
export interface Replacement {
  readonly query: string;
  readonly answer: SubgraphAnswer;
}

export interface Prepared {
  readonly plan: QueryPlan;
  readonly context: ReturnType<typeof buildOperationContext>;
}
