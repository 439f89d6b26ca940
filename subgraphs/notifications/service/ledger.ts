import type { Context } from '../context.ts';
import { recount } from '../policy.ts';
import type { Db } from '@supergraph/platform/database';
import { deleteOldEntries, insertEntries, lockHeads, saveHeads } from '../store/feeds.ts';
import type { FeedEntry, Head, Notice } from '../store/rows.ts';

/** How long the log of a feed is kept, and so how old a cursor may be. */
export const keptDays = 30;
const cleanEvery = 100;
const dayMs = 86_400_000;

/**
 * The locked heads of a few people: gives numbers and keeps counts, and is written back at the end of the same
 * transaction, so that what a reader sees is never ahead of or behind the counts.
 */
export class Ledger {
  readonly #heads: Map<string, Head>;
  readonly #touched = new Set<string>();
  readonly #entries: FeedEntry[] = [];
  readonly #now: Date;

  constructor(heads: Map<string, Head>, now: Date) {
    this.#heads = heads;
    this.#now = now;
  }

  head(recipientId: string): Head {
    const head = this.#heads.get(recipientId);
    if (!head) throw new Error('a feed was changed whose head is not locked');
    return head;
  }

  /** Whose feeds changed. */
  get touched(): readonly string[] {
    return [...this.#touched];
  }

  /** Writes into the log and gives the entry's number, which is also a notice's place when it appears. */
  log(recipientId: string, kind: FeedEntry['kind'], notificationId: string | null): number {
    const head = this.head(recipientId);
    const seq = head.lastSeq + 1;
    this.#heads.set(recipientId, { ...head, lastSeq: seq });
    this.#entries.push({ recipientId, seq, kind, notificationId, at: this.#now });
    this.#touched.add(recipientId);
    return seq;
  }

  /** Lets the counts follow a notice; null stands for one that was not there, or is gone. */
  count(recipientId: string, before: Notice | null, after: Notice | null): void {
    this.#heads.set(recipientId, recount(this.head(recipientId), before, after));
    this.#touched.add(recipientId);
  }

  async write(tx: Db): Promise<void> {
    await insertEntries(tx, this.#entries);
    await saveHeads(
      tx,
      this.touched.map((id) => this.head(id)),
    );
    // Every hundredth number cleans up behind itself, so that no work has to look into everybody's feed.
    const due = this.#entries.filter(({ seq }) => seq % cleanEvery === 0).map(({ recipientId }) => recipientId);
    if (due.length > 0) await deleteOldEntries(tx, due, new Date(this.#now.getTime() - keptDays * dayMs));
  }
}

/** Locks people's feeds, lets `work` change them, and writes numbers and counts back. */
export async function withLedger<Result>(
  ctx: Pick<Context, 'now'>,
  tx: Db,
  recipientIds: readonly string[],
  work: (ledger: Ledger) => Promise<Result>,
): Promise<{ result: Result; touched: readonly string[] }> {
  const ledger = new Ledger(await lockHeads(tx, recipientIds), ctx.now());
  const result = await work(ledger);
  await ledger.write(tx);
  return { result, touched: ledger.touched };
}
