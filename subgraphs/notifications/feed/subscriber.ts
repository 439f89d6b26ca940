import { conflict } from '@supergraph/platform/errors';
import type { FeedEvent } from './hub.ts';

/** How many events one subscriber may be behind, replayed or waiting. */
const mostBehind = 1_000;
const batchSize = 250;

const tooSlow = () => conflict('the subscriber reads too slowly; resume from the last cursor', { reason: 'SLOW_CONSUMER' });

/** One local listener of a feed: its position, and a bounded queue of what it has not read. */
export class Subscriber {
  readonly #waiting: FeedEvent[] = [];
  #delivered: number;
  #overflown = false;
  #left = false;
  #wake: () => void = () => undefined;

  constructor(behind: number) {
    this.#delivered = behind;
  }

  /** Takes an event that the feed has read. */
  take(event: FeedEvent): void {
    if (this.#waiting.length >= mostBehind) {
      this.#overflown = true;
      this.#waiting.length = 0;
    } else if (!this.#overflown) this.#waiting.push(event);
    this.#wake();
  }

  /** Ends the reading; the feed gives it nothing more. */
  leave(): void {
    this.#left = true;
    this.#waiting.length = 0;
    this.#wake();
  }

  /** First the log up to where the feed stood at joining, then what the feed brings: in order, and each once. */
  async *read(replay: (behind: number, limit: number) => Promise<readonly FeedEvent[]>): AsyncGenerator<FeedEvent, void> {
    yield* this.#replayed(replay);
    for (;;) {
      const event = await this.#next();
      if (!event) return;
      if (event.seq <= this.#delivered) continue;
      this.#delivered = event.seq;
      yield event;
    }
  }

  async *#replayed(replay: (behind: number, limit: number) => Promise<readonly FeedEvent[]>): AsyncGenerator<FeedEvent, void> {
    for (let read = 0; ;) {
      const batch = await replay(this.#delivered, batchSize);
      for (const event of batch) {
        if (this.#left) return;
        if (++read > mostBehind) throw tooSlow();
        this.#delivered = event.seq;
        yield event;
      }
      if (batch.length < batchSize) return;
    }
  }

  async #next(): Promise<FeedEvent | undefined> {
    for (;;) {
      if (this.#left) return undefined;
      if (this.#overflown) throw tooSlow();
      const event = this.#waiting.shift();
      if (event) return event;
      const woken = Promise.withResolvers<void>();
      this.#wake = woken.resolve;
      await woken.promise;
    }
  }
}
