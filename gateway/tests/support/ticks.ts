import type { Answer } from '../../src/answer.ts';
import type { SubscriptionRequest } from '../../src/executor.ts';
import { endingWith } from '../../src/generators.ts';
import type { FakeGraph } from './fake-graph.ts';

export const ticksSdl = 'type Query { hello: String } type Subscription { ticks(count: Int, size: Int): String }';

/** What sources of `ticks` do, and where a test stops them. */
export const source = {
  running: 0,
  begun: 0,
  /** What the nth event waits for. */
  gate: undefined as ((nth: number) => Promise<unknown>) | undefined,
};

/** A source of as many events as the variables say, each `size` characters longer than its number. */
export function ticks({ signal, variables }: SubscriptionRequest): AsyncGenerator<Answer, void> {
  const { count = 3, size = 0 } = (variables ?? {}) as { count?: number; size?: number };
  const left = Promise.withResolvers<'left'>();
  signal.addEventListener('abort', () => left.resolve('left'));
  const events = async function* (): AsyncGenerator<Answer, void> {
    source.running += 1;
    source.begun += 1;
    try {
      for (let nth = 1; nth <= count; nth++) {
        if ((await Promise.race([source.gate?.(nth), left.promise])) === 'left') return;
        yield { data: `{"ticks":"${nth}${'x'.repeat(size)}"}` };
      }
    } finally {
      source.running -= 1;
    }
  };
  return endingWith(events(), () => left.resolve('left'));
}

/** How many streams of all transports a gateway has open, by its own count. */
export const openStreams = async (graph: FakeGraph): Promise<number> =>
  [...(await graph.metrics()).matchAll(/^gateway_streams_open\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
