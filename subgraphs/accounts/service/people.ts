import { requireViewer } from '@supergraph/platform/context';
import { badInput, forbidden } from '@supergraph/platform/errors';
import { idInput, optional, parseInput, text } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { isAdmin } from '../policy.ts';
import {
  countUsers,
  findUserByEmail,
  findUserByHandle,
  findUsers,
  fold,
  listUsers,
  type User,
  type UserOrdering,
  type UserWishes,
} from '../store/users.ts';
import { handleText } from './profile-input.ts';

/** The account that asks; null for guests. FORBIDDEN without the scope, which the SDL cannot ask of the signed-in alone. */
export async function findViewer(ctx: Context): Promise<User | null> {
  if (!ctx.viewer) return null;
  if (!ctx.viewer.scopes.includes('accounts:read')) throw forbidden('the token lacks the scope accounts:read', { reason: 'SCOPE_MISSING' });
  return ctx.loaders.userById.load(ctx.viewer.userId);
}

/** An account, or null. */
export const findUser = (ctx: Context, id: string): Promise<User | null> =>
  idInput.safeParse(id).success ? ctx.loaders.userById.load(id) : Promise.resolve(null);

/** The account of a handle, in any case, or null. */
export async function findByHandle(ctx: Context, handle: string): Promise<User | null> {
  return handleText.safeParse(fold(handle)).success ? findUserByHandle(ctx.db, handle) : null;
}

const Filter = z.strictObject({
  search: optional(text({ min: 1, max: 100 })),
  email: optional(z.string().max(254)),
  status: optional(z.enum(['ACTIVE', 'SUSPENDED', 'DELETION_SCHEDULED', 'ERASED'])),
  role: optional(z.enum(['USER', 'MODERATOR', 'ADMIN'])),
  kind: optional(z.enum(['PERSON', 'SERVICE'])),
  createdAt: optional(z.strictObject({ from: optional(z.date()), to: optional(z.date()) })),
});

/** A page of accounts; what is personal to look for is for administrators. */
export async function pageOfUsers(
  ctx: Context,
  args: PageArguments & { filter?: unknown; orderBy?: UserOrdering | null | undefined },
): Promise<Connection<User>> {
  const viewer = requireViewer(ctx);
  const { createdAt, ...filter } = parseInput(Filter, args.filter ?? {});
  const { search, ...personal } = { ...filter, ...createdAt };
  if (!isAdmin(viewer) && Object.values(personal).some((value) => value !== undefined))
    throw forbidden('only an administrator may filter by more than search', { reason: 'PERMISSION_MISSING' });
  const wishes: UserWishes = { search, ...personal, erasedToo: isAdmin(viewer) };
  const order = args.orderBy ?? { field: 'HANDLE', direction: 'ASC' };
  const page = readPage(ctx, args, ['users', wishes, order]);
  const rows = await listUsers(ctx.db, page, wishes, order);
  const keysOf = (user: User) => (order.field === 'HANDLE' ? [user.handle] : [user.createdAt.toISOString(), user.id]);
  return toConnection(ctx, page, rows, keysOf, () => countUsers(ctx.db, wishes));
}

const mostSummaries = 500;

/** What other domains may know of accounts. */
export async function userSummaries(ctx: Context, ids: readonly string[]): Promise<User[]> {
  if (ids.length > mostSummaries) throw badInput([{ path: 'ids', message: `must be at most ${mostSummaries}` }]);
  return findUsers(
    ctx.db,
    ids.filter((id) => idInput.safeParse(id).success),
  );
}

/** The account that verified an address, or null. */
export const userByEmail = (ctx: Context, email: string): Promise<User | null> => findUserByEmail(ctx.db, fold(email));
