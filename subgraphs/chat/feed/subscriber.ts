import { conflict } from '@supergraph/platform/errors';
import type { Participant } from '../store/index.ts';
import type { Change } from './rows.ts';

/** How many changes one subscriber may be behind, replayed or waiting. */
export const mostBehind = 1_000;

const tooSlow = () => conflict('the subscriber reads too slowly; resume from the last cursor', { reason: 'SLOW_CONSUMER' });

/** What a subscriber may see and wants to see. */
export interface Wish {
  readonly place: Participant;
  /** The number behind which to begin. */
  readonly behind: number;
  readonly wants: (change: Change) => boolean;
}

/** One local listener of a feed: its position, and a bounded queue of what it has not read. */
export class Subscriber {
  readonly #wish: Wish;
  readonly #ending = new AbortController();
  readonly #waiting: Change[] = [];
  #delivered: number;
  #overflown = false;
  #wake: () => void = () => undefined;

  constructor(wish: Wish) {
    this.#wish = wish;
    this.#delivered = wish.behind;
  }

  /** Aborts when the person no longer takes part. */
  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  /** Takes a change that the feed has read; what the person may not see ends here. */
  take(change: Change): void {
    if (this.endsWith(change)) return this.end();
    if (!this.shows(change)) return;
    if (this.#waiting.length >= mostBehind) {
      this.#overflown = true;
      this.#waiting.length = 0;
    } else if (!this.#overflown) this.#waiting.push(change);
    this.#wake();
  }

  end(): void {
    this.#ending.abort();
    this.#waiting.length = 0;
    this.#wake();
  }

  /** First the log up to where the feed stood at joining, then what the feed brings. */
  async *read(replay: (behind: number, limit: number) => Promise<readonly Change[]>, signal: AbortSignal): AsyncGenerator<Change, void> {
    const wake = () => this.#wake();
    signal.addEventListener('abort', wake);
    try {
      yield* this.#replayed(replay, signal);
      for (;;) {
        const change = await this.#next(signal);
        if (!change) return;
        if (change.number <= this.#delivered) continue;
        this.#delivered = change.number;
        yield change;
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  async *#replayed(
    replay: (behind: number, limit: number) => Promise<readonly Change[]>,
    signal: AbortSignal,
  ): AsyncGenerator<Change, void> {
    for (let read = 0; ;) {
      const batch = await replay(this.#delivered, batchSize);
      for (const change of batch) {
        if (signal.aborted || this.ended.aborted) return;
        if (this.endsWith(change)) return this.end();
        if (++read > mostBehind) throw tooSlow();
        this.#delivered = change.number;
        if (this.shows(change)) yield change;
      }
      if (batch.length < batchSize) return;
    }
  }

  async #next(signal: AbortSignal): Promise<Change | undefined> {
    for (;;) {
      if (signal.aborted || this.ended.aborted) return undefined;
      if (this.#overflown) throw tooSlow();
      const change = this.#waiting.shift();
      if (change) return change;
      const woken = Promise.withResolvers<void>();
      this.#wake = woken.resolve;
      await woken.promise;
    }
  }

  private endsWith({ kind, participantId }: Change): boolean {
    return kind === 'PARTICIPANT_REMOVED' && participantId === this.#wish.place.id;
  }

  private shows(change: Change): boolean {
    return (change.seq === null || change.seq >= this.#wish.place.fromSeq) && this.#wish.wants(change);
  }
}

const batchSize = 250;
