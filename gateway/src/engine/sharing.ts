import type { Identity } from '@supergraph/platform/context';
import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import { createFlights } from '../flights.ts';

/** Questions to subgraphs, those that are in flight asked once. */
export interface Sharing {
  /** Asks a question, or waits for the answer to the same one that is on its way; `signal` ends this caller's wait only. */
  ask(question: string, signal: AbortSignal, ask: (signal: AbortSignal) => Promise<SubgraphAnswer>): Promise<SubgraphAnswer>;
  /** A subgraph changed something: nobody gets any more what was asked before. */
  changed(): void;
}

/** Lets equal questions that are in flight be asked once. Whoever waits gets data of his own, since merging changes it. */
export function createSharing(): Sharing {
  const flights = createFlights<SubgraphAnswer>();
  return {
    ask: async (question, signal, ask) => {
      const { answer, isShared } = await flights.join(question, signal, ask);
      return isShared ? copyOf(answer) : answer;
    },
    changed: () => flights.leaveBehind(),
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
