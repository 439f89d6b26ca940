import { conflict } from '@supergraph/platform/errors';
import { hashOf } from '@supergraph/platform/idempotency';
import { makeCursor, openCursor } from '@supergraph/platform/page';
import type { Context } from '../context.ts';

/** What a message's cursors belong to: pages and subscriptions give the same ones. */
export const messageScope = (conversationId: string): unknown => ['messages', conversationId];

const scopeOf = (scope: unknown): string => hashOf(scope).slice(0, 12);
const changeScope = (conversationId: string): string => scopeOf(['changes', conversationId]);

/** The place of a message, for pages and `messageAdded`. */
export const messageCursor = (ctx: Context, conversationId: string, seq: number): string =>
  makeCursor(ctx, scopeOf(messageScope(conversationId)), [seq]);

/** The place of a change, for `conversationChanged`. */
export const changeCursor = (ctx: Context, conversationId: string, number: number): string =>
  makeCursor(ctx, changeScope(conversationId), [number]);

/** Read the messages and begin at `Conversation.cursor` instead. */
export const cursorExpired = () =>
  conflict('this cursor is unknown or older than 30 days; read the messages, then begin at the cursor of the conversation', {
    reason: 'CURSOR_EXPIRED',
  });

const numberIn = (values: readonly unknown[] | undefined): number => {
  const number = Number(values?.[0] ?? Number.NaN);
  if (!Number.isSafeInteger(number)) throw cursorExpired();
  return number;
};

/** The message's number in a cursor; CURSOR_EXPIRED for one that is not of this conversation. */
export const openMessageCursor = (ctx: Context, conversationId: string, cursor: string): number =>
  numberIn(openCursor(ctx, cursor, scopeOf(messageScope(conversationId))));

/** Whether a cursor is one of the conversation's changes, as `Conversation.cursor` gives it. */
export const isChangeCursor = (ctx: Context, conversationId: string, cursor: string): boolean =>
  openCursor(ctx, cursor, changeScope(conversationId)) !== undefined;

/** The change's number in a cursor; CURSOR_EXPIRED for one that is not of this conversation. */
export const openChangeCursor = (ctx: Context, conversationId: string, cursor: string): number =>
  numberIn(openCursor(ctx, cursor, changeScope(conversationId)));
