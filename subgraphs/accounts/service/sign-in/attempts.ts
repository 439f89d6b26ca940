import type { Db } from '@supergraph/platform/database';
import { rateLimited } from '@supergraph/platform/errors';
import type { Context } from '../../context.ts';
import { passwordPath } from '../../policy.ts';
import { fingerprint } from '../../secrets.ts';
import { countAttempt, countInWindow, resetCounter, uncount } from '../../store/records.ts';
import { fold } from '../../store/users.ts';
import { minuteMs, networkOf } from '../shared.ts';

const networkFailures = 50;
const networkWindowMs = 10 * minuteMs;

/** What wrong passwords of an account are counted under. */
export const accountKey = (userId: string): string => `account:${userId}`;

/** What they are counted under where nobody has the identifier. */
export const unknownKey = (ctx: Context, identifier: string): string =>
  `unknown:${fingerprint(ctx.settings.internalKey, fold(identifier))}`;

/** What they are counted under on a trusted device: strangers cannot close its path. */
export const deviceKey = (deviceId: string): string => `device:${deviceId}`;

/** What wrong codes of an account's authenticator apps are counted under. */
export const totpKey = (userId: string): string => `totp:${userId}`;

/** Forgets an account's wrong passwords, because the person proved themselves otherwise. */
export const reopenPasswordPath = (tx: Db, userId: string): Promise<void> => resetCounter(tx, accountKey(userId));

/** What is guessed from a network: passwords and what goes with them, or the short codes that devices show. */
type Guessed = 'network' | 'device-code';

const networkKey = (ctx: Context, guessed: Guessed): string => `${guessed}:${networkOf(ctx)}`;

/** Counts an attempt for the source network; RATE_LIMITED beyond 50 failures in 10 minutes. */
export async function countForNetwork(ctx: Context, guessed: Guessed = 'network'): Promise<void> {
  const now = ctx.now();
  const { failures, windowStartedAt } = await countInWindow(ctx.db, networkKey(ctx, guessed), now, networkWindowMs);
  if (failures > networkFailures) throw rateLimited((windowStartedAt.getTime() + networkWindowMs - now.getTime()) / 1_000);
}

/** Takes the network's attempt back, because it was right. */
export const uncountForNetwork = (ctx: Context, tx: Db, guessed: Guessed = 'network'): Promise<void> =>
  uncount(tx, networkKey(ctx, guessed));

/** Whether a path is open; the attempt is counted before it is known to be right or wrong. */
export async function countOnPath(ctx: Context, key: string): Promise<boolean> {
  return (await countAttempt(ctx.db, key, ctx.now(), passwordPath)) !== null;
}
