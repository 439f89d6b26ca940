import { outbox } from '@supergraph/db/accounts/tables';
import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { isUniqueViolation, notFound, staleVersion } from '@supergraph/platform/errors';
import { nameText, optional, parseInput, text } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { userUpdated } from '@supergraph/schema/events/accounts';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { findUsers, holdHandle, isHeld, lockUser, updateProfile, type User } from '../store/users.ts';
import { record } from './audit.ts';
import { handleText, localeText, timeZoneText } from './profile-input.ts';
import { handleTaken } from './registration.ts';
import { dayMs } from './shared.ts';

const heldMs = 30 * dayMs;

const Changes = z.strictObject({
  version: z.int(),
  handle: optional(handleText),
  displayName: optional(nameText({ max: 100 })),
  bio: text({ max: 500 })
    .transform((bio) => bio || null)
    .nullish(),
  locale: localeText.nullish(),
  timeZone: timeZoneText.nullish(),
});

/** Changes the viewer's profile, if it is still as they read it. */
export async function changeProfile(ctx: Context, input: unknown): Promise<User> {
  const changes = parseInput(Changes, input);
  const { userId } = requireViewer(ctx);
  try {
    return await ctx.db.transaction((tx) => apply(ctx, tx, userId, changes));
  } catch (error) {
    if (isUniqueViolation(error, 'users_handle')) throw handleTaken();
    throw error;
  }
}

async function apply(ctx: Context, tx: Db, userId: string, { version, ...changes }: z.infer<typeof Changes>): Promise<User> {
  const before = await lockUser(tx, userId);
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const user = await updateProfile(tx, userId, version, given);
  if (!user) throw await whyNot(tx, userId, version);
  if (before && before.handle !== user.handle) await moveHandle(ctx, tx, before, user);
  const { handle, displayName, locale, timeZone } = user;
  await emit(
    ctx,
    tx,
    outbox,
    userUpdated,
    { userId, handle, displayName, avatarFileId: null, locale, timeZone, version: user.version },
    { organizationId: null },
  );
  await record(ctx, tx, { name: 'user.updated', target: userId, details: { fields: Object.keys(given) } });
  return user;
}

/** The new handle is checked after it is taken: whoever gave it up at the same moment has committed by then. */
async function moveHandle(ctx: Context, tx: Db, before: User, after: User): Promise<void> {
  const now = ctx.now();
  if (await isHeld(tx, after.handle, after.id, now)) throw handleTaken();
  await holdHandle(tx, before.handle, before.id, new Date(now.getTime() + heldMs));
}

async function whyNot(tx: Db, userId: string, version: number): Promise<Error> {
  const [current] = await findUsers(tx, [userId]);
  return current && current.version !== version ? staleVersion(current.version) : notFound('User');
}
