import type { Fetcher, FetcherParams } from '@graphiql/toolkit';
import type { Explained } from '../src/explained.ts';

/** How the last operation was done: nothing is known where it was refused, or where nobody wanted to be told. */
export interface LastOperation {
  readonly name: string;
  readonly told: Explained | undefined;
  /** It is not over: parts or events may follow. */
  readonly isRunning: boolean;
}

interface State {
  readonly isOn: boolean;
  readonly last: LastOperation | undefined;
}

let state: State = { isOn: true, last: undefined };
const listeners = new Set<() => void>();

const change = (next: Partial<State>): void => {
  state = { ...state, ...next };
  for (const listener of listeners) listener();
};

/** What the panel shows; kept outside React, because the fetcher outlives each rendering. */
export const explaining = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  current: (): State => state,
  /** Whether operations from now on are to tell how they are done. */
  turn: (isOn: boolean): void => change({ isOn }),
  headers: (): Record<string, string> => (state.isOn ? { 'x-explain': '1' } : {}),
};

type Payload = Readonly<Record<string, unknown>>;
type Result = Payload | readonly Payload[];

/** A fetcher whose answers are looked at for how they came about, and passed on without it. */
export function listening(fetcher: Fetcher): Fetcher {
  return async (parameters, options) => {
    if (parameters.operationName === 'IntrospectionQuery') return fetcher(parameters, options);
    const last = begin(parameters);
    const answer: unknown = await fetcher(parameters, options);
    if (!isAsyncIterable(answer)) {
      const taken = last.take(answer as Result);
      last.end();
      return taken as never;
    }
    const source = answer[Symbol.asyncIterator]();
    const { end } = last;
    // A generator would not hear that it is stopped before its source says something.
    const taken: AsyncIterableIterator<unknown> = {
      [Symbol.asyncIterator]: () => taken,
      next: async () => {
        const next = await source.next().catch((error: unknown) => {
          end();
          throw error;
        });
        if (next.done) end();
        return next.done ? { done: true, value: undefined } : { done: false, value: last.take(next.value) };
      },
      return: async () => {
        end();
        await source.return?.();
        return { done: true, value: undefined };
      },
    };
    return taken as never;
  };
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<Result> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

function begin({ operationName, query }: FetcherParams) {
  const name = operationName || /^\s*(query|mutation|subscription)\b/m.exec(query)?.[1] || 'query';
  let last: LastOperation = { name, told: undefined, isRunning: true };
  const show = (next: Partial<LastOperation>) => {
    // An operation that runs on must not take the place of one that was begun after it.
    const isShown = state.last === last;
    last = { ...last, ...next };
    if (isShown) change({ last });
  };
  const note = (told: Partial<Explained>) => {
    const plan = told.plan ?? last.told?.plan;
    const timings = told.timings ?? last.told?.timings;
    if (plan && timings) show({ told: { plan, timings } });
  };
  const takeOne = (payload: Payload): Payload => {
    const { extensions, incremental, ...rest } = payload;
    const { plan, timings, ...others } = (extensions ?? {}) as Partial<Explained>;
    note({ ...(plan ? { plan } : {}), ...(timings ? { timings } : {}) });
    return {
      ...rest,
      ...(Object.keys(others).length > 0 ? { extensions: others } : {}),
      ...(Array.isArray(incremental) ? { incremental: incremental.map((part: Payload) => takeOne(part)) } : {}),
    };
  };
  change({ last });
  return {
    take: (result: Result): Result => ('length' in result ? (result as readonly Payload[]).map(takeOne) : takeOne(result)),
    end: () => show({ isRunning: false }),
  };
}
