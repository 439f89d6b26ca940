import type { Identity } from '@supergraph/platform/context';
import type { SubgraphAnswer } from '@supergraph/platform/subgraph';

/** Asks a question, or waits for the answer to the same one that is on its way; `signal` ends this caller's wait only. */
export type Share = (
  question: string,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<SubgraphAnswer>,
) => Promise<SubgraphAnswer>;

interface Flight {
  readonly answer: Promise<SubgraphAnswer>;
  readonly end: AbortController;
  waiting: number;
}

/** Lets equal questions that are in flight be asked once. Whoever waits gets data of his own, since merging changes it. */
export function createSharing(): Share {
  const flights = new Map<string, Flight>();
  const begin = (question: string, ask: Parameters<Share>[2]): Flight => {
    const end = new AbortController();
    const answer = ask(end.signal).finally(() => flights.delete(question));
    const flight = { answer, end, waiting: 0 };
    flights.set(question, flight);
    return flight;
  };
  return async (question, signal, ask) => {
    const known = flights.get(question);
    const flight = known ?? begin(question, ask);
    flight.waiting += 1;
    const leave = () => {
      flight.waiting -= 1;
      if (flight.waiting > 0) return;
      // Nobody wants the answer any more, and who comes now must not get one that was cut off.
      flights.delete(question);
      flight.end.abort();
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      const answer = await flight.answer;
      return known ? copyOf(answer) : answer;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  };
}

function copyOf(answer: SubgraphAnswer): SubgraphAnswer {
  if (!answer.data) return answer;
  if (answer.text === undefined) return { ...answer, data: structuredClone(answer.data) };
  const { data } = JSON.parse(answer.text) as { readonly data: Record<string, unknown> };
  return { ...answer, data };
}

/** Who asks, as far as answers may depend on it. */
export const askerOf = ({ viewer, organization, service }: Identity): string =>
  viewer || organization || service ? JSON.stringify([viewer, organization, service]) : '';
