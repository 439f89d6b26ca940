import { conflict } from '@supergraph/platform/errors';
import { hashOf } from '@supergraph/platform/idempotency';
import { makeCursor, openCursor } from '@supergraph/platform/page';
import type { Context } from '../context.ts';

/** What the cursors of a feed belong to: pages with any filter, edges and events give the same ones. */
export const feedScope = (userId: string): unknown => ['notifications', userId];

const scopeOf = (userId: string): string => hashOf(feedScope(userId)).slice(0, 12);

/** A place in a person's feed. */
export const feedCursor = (ctx: Context, userId: string, seq: number): string => makeCursor(ctx, scopeOf(userId), [seq]);

/** The number in a cursor of a person's feed; undefined for any other text. */
export function openFeedCursor(ctx: Context, userId: string, cursor: string): number | undefined {
  const [seq] = openCursor(ctx, cursor, scopeOf(userId)) ?? [];
  return typeof seq === 'number' && Number.isSafeInteger(seq) ? seq : undefined;
}

/** Read the feed, then begin again. */
export const cursorExpired = () =>
  conflict('this cursor is unknown or older than 30 days; read the feed, then begin at the cursor of its first notice', {
    reason: 'CURSOR_EXPIRED',
  });
