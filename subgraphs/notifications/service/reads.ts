import { asPerson } from '@supergraph/platform/database';
import { badInput } from '@supergraph/platform/errors';
import { optional, parseInput } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { z } from 'zod';
import { strippedWords, wordsFor } from '../catalogue.ts';
import type { Context } from '../context.ts';
import { mostActors, ownsFeed } from '../policy.ts';
import type { RenderedNotice } from '../sentences.ts';
import { pageOfNotices } from '../store/notices.ts';
import type { Head, Notice } from '../store/rows.ts';
import { feedScope } from './cursors.ts';
import { Filter, toWhich } from './input.ts';

const Arguments = z.strictObject({ filter: optional(Filter) });
const namedInTitles = 3;
const longestAddress = 2_000;

/** One of the viewer's notices, or null. */
export async function findNotice(ctx: Context, id: string): Promise<Notice | null> {
  if (!z.uuid().safeParse(id).success) return null;
  const notice = await ctx.loaders.noticeById.load(id);
  return notice && ownsFeed(ctx, notice.recipientId) ? notice : null;
}

/** A page of a person's notices, the newest change first; null for everybody else. */
export async function pageOfFeed(
  ctx: Context,
  userId: string,
  { filter, ...args }: PageArguments & { readonly filter?: unknown },
): Promise<Connection<Notice> | null> {
  if (!ownsFeed(ctx, userId)) return null;
  const { filter: wanted } = parseInput(Arguments, { filter });
  const page = readPage(ctx, args, feedScope(userId));
  const rows = await asPerson(ctx.db, userId, (tx) => pageOfNotices(tx, page, userId, toWhich(wanted)));
  return toConnection(ctx, page, rows, (notice) => [notice.seq]);
}

/** A person's counts; null for everybody else. */
export async function countsOf(ctx: Context, userId: string): Promise<Head | null> {
  if (!ownsFeed(ctx, userId)) return null;
  const nothing = { recipientId: userId, lastSeq: 0, unseen: 0, unread: 0, unreadByCategory: {} };
  return (await ctx.loaders.headByPerson.load(userId)) ?? nothing;
}

/** Unread notices by category, in the order of the keys. */
export const countsByCategory = ({ unreadByCategory }: Head): { category: string; unread: number }[] =>
  Object.entries(unreadByCategory)
    .map(([category, unread]) => ({ category, unread }))
    .toSorted((a, b) => (a.category < b.category ? -1 : 1));

/** What a notice says, in words. */
export async function wordsOf(ctx: Context, notice: Notice): Promise<RenderedNotice> {
  if (notice.strippedAt) return strippedWords;
  const { domain, kind, data, count, actorIds } = notice;
  const named = await Promise.all(actorIds.slice(0, namedInTitles).map((id) => nameOf(ctx, id)));
  return wordsFor(domain, kind, { data, count, actors: [...named, ...actorIds.slice(namedInTitles).map(() => null)] });
}

async function nameOf(ctx: Context, userId: string): Promise<string | null> {
  return (await ctx.loaders.personById.load(userId))?.displayName || null;
}

/** Who did it last; null when nobody did, or when the account is gone. */
export async function actorOf(ctx: Context, { actorIds: [first] }: Notice): Promise<{ id: string } | null> {
  return first ? ((await living(ctx, [first]))[0] ?? null) : null;
}

/** Who did it before, the latest first. */
export async function otherActorsOf(ctx: Context, { actorIds }: Notice, first: number | null): Promise<{ id: string }[]> {
  const most = mostActors - 1;
  const wanted = first ?? 10;
  if (wanted < 1 || wanted > most) throw badInput([{ path: 'first', message: `must be between 1 and ${most}` }]);
  return living(ctx, actorIds.slice(1, wanted + 1));
}

async function living(ctx: Context, userIds: readonly string[]): Promise<{ id: string }[]> {
  const people = await Promise.all(userIds.map((id) => ctx.loaders.personById.load(id)));
  return userIds.filter((_, index) => !people[index]?.erasedAt).map((id) => ({ id }));
}

/** Where to act, when the sender named a web address. */
export function actionUrlOf({ data }: Notice): string | null {
  const address = data['actionUrl'];
  if (typeof address !== 'string' || address.length > longestAddress || !URL.canParse(address)) return null;
  return /^https?:/i.test(address) ? address : null;
}
