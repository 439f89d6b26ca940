/** Work that is under way, by what it answers. */
export interface Flights<Answer> {
  /** Does the work, or waits for the same that is under way; `signal` ends this caller's wait only. */
  join(question: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<Answer>): Promise<Joined<Answer>>;
  /** Something changed: who asks from now on must not get what was read before. */
  leaveBehind(): void;
}

export interface Joined<Answer> {
  readonly answer: Answer;
  /** Whether the work was somebody else's, who has the same object. */
  readonly isShared: boolean;
  /** Whether others wait for the same object. */
  readonly hasCompany: boolean;
}

interface Flight<Answer> {
  readonly answer: Promise<Answer>;
  readonly end: AbortController;
  readonly begunAt: number;
  waiting: number;
}

/** Nobody joins what has been under way for longer: it would end at the deadline of whoever began it. */
const joinedWithinMs = 1_000;

/** Lets equal work that is under way be done once; it ends when nobody waits for it any more. */
export function createFlights<Answer>(): Flights<Answer> {
  const flights = new Map<string, Flight<Answer>>();
  const forget = (question: string, flight: Flight<Answer>): void => {
    if (flights.get(question) === flight) flights.delete(question);
  };
  const begin = (question: string, work: (signal: AbortSignal) => Promise<Answer>): Flight<Answer> => {
    const end = new AbortController();
    const flight: Flight<Answer> = {
      answer: work(end.signal).finally(() => forget(question, flight)),
      end,
      begunAt: performance.now(),
      waiting: 0,
    };
    flights.set(question, flight);
    return flight;
  };
  const underway = (question: string): Flight<Answer> | undefined => {
    const flight = flights.get(question);
    return flight && performance.now() - flight.begunAt <= joinedWithinMs ? flight : undefined;
  };
  return {
    join: async (question, signal, work) => {
      const known = underway(question);
      const flight = known ?? begin(question, work);
      flight.waiting += 1;
      const leave = () => {
        flight.waiting -= 1;
        if (flight.waiting > 0) return;
        // Nobody wants the answer any more, and who comes now must not get one that was cut off.
        forget(question, flight);
        flight.end.abort();
      };
      signal.addEventListener('abort', leave, { once: true });
      try {
        const answer = await flight.answer;
        return { answer, isShared: known !== undefined, hasCompany: flight.waiting > 1 };
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },
    leaveBehind: () => flights.clear(),
  };
}
