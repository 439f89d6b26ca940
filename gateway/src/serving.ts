import { randomUUID } from 'node:crypto';
import { DomainError, unauthenticated, upstreamUnavailable } from '@supergraph/platform/errors';
import type { Log } from '@supergraph/platform/log';
import { GraphQLError, Kind, OperationTypeNode, type SelectionSetNode } from 'graphql';
import { type Answer, refusedWith } from './answer.ts';
import type { Identified, Identifier } from './identify.ts';
import type { LiveExecutor } from './live-executor.ts';
import type { LoadGuard } from './load.ts';
import type { Checked, Operations } from './operations.ts';
import type { SlowReaders } from './slow-readers.ts';

/** What all transports share. */
export interface Serving {
  /** Changes with the supergraph; what was checked runs at the executor that it was checked for. */
  readonly live: LiveExecutor;
  readonly operations: Operations;
  readonly identifier: Identifier;
  readonly load: LoadGuard;
  readonly slowReaders: SlowReaders;
  readonly log: Log;
  /** How long an operation may take; subscriptions have no end. */
  readonly operationMs: number;
  /** Ends when the server stops. */
  readonly stopping: AbortSignal;
}

/** Runs a query or mutation to its end; never throws. */
export async function answerOnce(serving: Serving, checked: Checked, identified: Identified, signal: AbortSignal): Promise<Answer> {
  const refused = refusal(checked, identified);
  if (refused) return refusedWith(refused);
  if (checked.operation.operation === OperationTypeNode.SUBSCRIPTION) return refusedWith(wrongTransport());
  const leave = serving.load.enter();
  if (!leave) return refusedWith(overloaded());
  try {
    const { executor, document, operationName, variables } = checked;
    return await executor.execute({
      document,
      operationName,
      variables,
      identity: identified.identity,
      signal,
      deadline: Date.now() + serving.operationMs,
    });
  } catch (error) {
    return refusedWith(toGraphQLError(error, serving.log));
  } finally {
    leave();
  }
}

/** Begins a subscription, or answers with why it cannot begin; never throws, and neither does the stream. */
export async function beginStream(
  serving: Serving,
  checked: Checked,
  identified: Identified,
  signal: AbortSignal,
): Promise<AsyncGenerator<Answer, void> | Answer> {
  const refused = refusal(checked, identified);
  if (refused) return refusedWith(refused);
  const leave = serving.load.enter();
  if (!leave) return refusedWith(overloaded());
  try {
    const { executor, document, operationName, variables } = checked;
    const { identity, refresh } = identified;
    const stream = await executor.subscribe({ document, operationName, variables, identity, signal, refresh });
    return Symbol.asyncIterator in stream ? unbreakable(stream, serving.log) : stream;
  } catch (error) {
    return refusedWith(toGraphQLError(error, serving.log));
  } finally {
    leave();
  }
}

function unbreakable(stream: AsyncGenerator<Answer, void>, log: Log): AsyncGenerator<Answer, void> {
  const guarded = (async function* () {
    try {
      yield* stream;
    } catch (error) {
      yield refusedWith(toGraphQLError(error, log));
    }
  })();
  const end = guarded.return.bind(guarded);
  guarded.return = async (value) => {
    await stream.return();
    return end(value);
  };
  return guarded;
}

const wrongTransport = () =>
  new GraphQLError('subscriptions travel by WebSocket (graphql-transport-ws on /graphql) or as an event stream (/graphql/stream)', {
    extensions: { code: 'BAD_REQUEST' },
  });

const overloaded = () => new GraphQLError('the service is overloaded, try again shortly', { extensions: upstreamUnavailable().extensions });

/** What an organization that asks for two factors lets a viewer with one see of itself: enough to explain why. */
const openBeforeStepUp: Readonly<Record<string, readonly string[]>> = {
  '': ['currentOrganization'],
  currentOrganization: ['id', 'name', 'settings'],
  settings: ['requireMfa'],
};

function refusal({ operation, document }: Checked, { stepUpRequired }: Identified): GraphQLError | undefined {
  if (!stepUpRequired) return undefined;
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  const isOpen = ({ selections }: SelectionSetNode, under: string): boolean =>
    selections.every((selection) => {
      if (selection.kind === Kind.INLINE_FRAGMENT) return isOpen(selection.selectionSet, under);
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        return fragments.some(({ name, selectionSet }) => name.value === selection.name.value && isOpen(selectionSet, under));
      const name = selection.name.value;
      if (name === '__typename') return true;
      return (openBeforeStepUp[under]?.includes(name) ?? false) && (!selection.selectionSet || isOpen(selection.selectionSet, name));
    });
  if (operation.operation === OperationTypeNode.QUERY && isOpen(operation.selectionSet, '')) return undefined;
  const { message, extensions } = unauthenticated('this organization asks for a second factor; prove one and repeat the request', {
    reason: 'STEP_UP_REQUIRED',
  });
  return new GraphQLError(message, { extensions });
}

/** Makes of anything thrown an error that may leave; the unexpected is logged under an id. */
export function toGraphQLError(error: unknown, log: Log): GraphQLError {
  if (error instanceof GraphQLError && !error.originalError && typeof error.extensions['code'] === 'string') return error;
  if (error instanceof DomainError) return new GraphQLError(error.message, { extensions: error.extensions });
  const errorId = randomUUID();
  log.error({ errorId, error }, 'the gateway failed unexpectedly');
  return new GraphQLError('something went wrong on our side', { extensions: { code: 'INTERNAL_SERVER_ERROR', errorId } });
}

/** The HTTP status of a refusal before any operation ran. */
export function statusOf(code: unknown): number {
  if (code === 'UNAUTHENTICATED') return 401;
  if (code === 'UPSTREAM_UNAVAILABLE' || code === 'INTERNAL_SERVER_ERROR') return 503;
  if (code === 'NOT_FOUND') return 200;
  return 400;
}
