import { createClient as createEventClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { eventually, Hopeless, patienceMs } from './eventually.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
type Data = any;

/** What is subscribed to, and as whom. */
export interface Subscription {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly headers: Readonly<Record<string, string>>;
}

/** A subscription that is open. */
export interface Stream {
  /** The next event that fits; those before it are passed over. Rejects when none comes in time. */
  next(fits?: (data: Data) => boolean, withinMs?: number): Promise<Data>;
  /** Waits until the server has ended it. */
  ended(): Promise<void>;
  /** Ends it from the client's side; what was heard and not read is lost. */
  close(): Promise<void>;
}

/** Subscribes over a WebSocket of its own. */
export function openSocket(graph: string, { query, variables, headers }: Subscription): Stream {
  const client = createSocketClient({
    url: `${graph.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: headers,
  });
  const answers = client.iterate({ query, variables });
  return streamOf(answers, async () => {
    await client.dispose();
  });
}

/** Subscribes to server-sent events. */
export function openEvents(graph: string, { query, variables, headers }: Subscription): Stream {
  const client = createEventClient({ url: `${graph}/graphql/stream`, retryAttempts: 0, headers: { ...headers } });
  return streamOf(client.iterate({ query, variables }), () => client.dispose());
}

type Answers = AsyncIterableIterator<{ data?: Data; errors?: unknown }> & { return?(): unknown };

function streamOf(answers: Answers, dispose: () => void | Promise<void>): Stream {
  const heard: Data[] = [];
  let failure: unknown;
  let end = false;
  const reading = (async () => {
    try {
      for await (const { data, errors } of answers) {
        if (errors) throw new Error(JSON.stringify(errors));
        heard.push(data);
      }
    } catch (error) {
      failure = error;
    }
    end = true;
  })();
  const next: Stream['next'] = async (fits = () => true, withinMs = patienceMs) => {
    const passed: Data[] = [];
    return eventually(
      () => `an event that fits; there were ${JSON.stringify(passed)}`,
      () => {
        while (heard.length > 0) {
          const data = heard.shift();
          if (fits(data)) return data;
          passed.push(data);
        }
        if (failure) throw new Hopeless(failure instanceof Error ? failure.message : JSON.stringify(failure));
        if (end) throw new Hopeless('the stream ended');
        return undefined;
      },
      withinMs,
    );
  };
  return {
    next,
    ended: async () => {
      await eventually('the end of the stream', () => end);
    },
    close: async () => {
      await dispose();
      await answers.return?.();
      await reading;
    },
  };
}

/** Acts and waits for what a stream tells of it; acts again while the stream may not have begun, as nothing says when it has. */
export async function hears(stream: Stream, act: () => Promise<unknown>, fits: (data: Data) => boolean = () => true): Promise<Data> {
  const limit = Date.now() + patienceMs;
  for (;;) {
    await act();
    try {
      return await stream.next(fits, 2_000);
    } catch (error) {
      if (error instanceof Hopeless || Date.now() > limit) throw error;
    }
  }
}
