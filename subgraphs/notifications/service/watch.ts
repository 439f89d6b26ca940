import { asPerson } from '@supergraph/platform/database';
import type { Edge } from '@supergraph/platform/page';
import type { Context } from '../context.ts';
import { type FeedEvent, type Seat, takeSeat } from '../feed/hub.ts';
import { findEntry, findHeads } from '../store/feeds.ts';
import type { Notice } from '../store/rows.ts';
import { cursorExpired, feedCursor, openFeedCursor } from './cursors.ts';
import { keptDays } from './ledger.ts';
import { requireOwner } from './owner.ts';

const dayMs = 86_400_000;

/** Whatever happens in the viewer's feed behind a cursor, or from now on: in order and once. */
export const watchFeed = (ctx: Context, after: string | null): Promise<AsyncGenerator<FeedEvent, void>> =>
  watch(ctx, after, (event) => event);

/** The viewer's new notices behind a cursor, or from now on. */
export const watchNotices = (ctx: Context, after: string | null): Promise<AsyncGenerator<Edge<Notice>, void>> =>
  watch(ctx, after, ({ kind, notice, recipientId, seq }) =>
    kind === 'ADDED' && notice ? { node: notice, cursor: feedCursor(ctx, recipientId, seq) } : null,
  );

async function watch<Result>(
  ctx: Context,
  after: string | null,
  present: (event: FeedEvent) => Result | null,
): Promise<AsyncGenerator<Result, void>> {
  const userId = requireOwner(ctx);
  const { position, behind } = await startOf(ctx, userId, after);
  return seated(ctx, takeSeat(ctx, userId, position, behind), present);
}

/** What is gone from the log, or older than 30 days, cannot be replayed. */
async function startOf(ctx: Context, userId: string, after: string | null): Promise<{ position: number; behind: number }> {
  const asked = after === null ? null : openFeedCursor(ctx, userId, after);
  if (asked === undefined) throw cursorExpired();
  return asPerson(ctx.db, userId, async (tx) => {
    const [head] = await findHeads(tx, [userId]);
    const position = head?.lastSeq ?? 0;
    const behind = asked ?? position;
    if (behind > position || behind < 0) throw cursorExpired();
    if (behind === position) return { position, behind };
    const next = await findEntry(tx, userId, behind + 1);
    if (!next || next.at.getTime() < ctx.now().getTime() - keptDays * dayMs) throw cursorExpired();
    return { position, behind };
  });
}

/** The seat's events as a subscription gives them out; whoever stops reading gives the seat back. */
function seated<Result>(ctx: Context, seat: Seat, present: (event: FeedEvent) => Result | null): AsyncGenerator<Result, void> {
  const results = presented(ctx, seat, present);
  const end = results.return.bind(results);
  // A generator that was never started skips its `finally`, so the seat is given back here.
  results.return = (value) => {
    seat.leave();
    return end(value);
  };
  return results;
}

async function* presented<Result>(ctx: Context, seat: Seat, present: (event: FeedEvent) => Result | null): AsyncGenerator<Result, void> {
  try {
    for await (const event of seat.events) {
      // A stream outlives what its loaders have read.
      ctx.loaders.personById.clearAll();
      const result = present(event);
      if (result !== null) yield result;
    }
  } finally {
    seat.leave();
  }
}
