import { idempotency } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { rateLimited } from '@supergraph/platform/errors';
import { idempotent } from '@supergraph/platform/idempotency';
import type { Context } from '../context.ts';
import { fingerprint } from '../secrets.ts';
import { countInWindow } from '../store/records.ts';
import { fold } from '../store/users.ts';
import { minuteMs, networkOf } from './shared.ts';

const mailsPerNetwork = 100;
const windowMs = 10 * minuteMs;

/** What a guest may know of a mutation that sends a mail. */
export interface Sent {
  readonly emailSentTo: string;
}

/** Counts a mail for the network that asks for it; RATE_LIMITED beyond 100 in 10 minutes. */
export async function limitMails(ctx: Context): Promise<void> {
  const now = ctx.now();
  const counted = await countInWindow(ctx.db, `mail:${networkOf(ctx)}`, now, windowMs);
  if (counted.failures > mailsPerNetwork) throw rateLimited((counted.windowStartedAt.getTime() + windowMs - now.getTime()) / 1_000);
}

/** Runs what sends a mail in one transaction, once per key and address; a guest who repeats it is known by the address alone. */
export async function sendOnce(
  ctx: Context,
  { operation, email, key, input }: { operation: string; email: string; key: string | undefined; input: unknown },
  send: (tx: Db, emailFold: string) => Promise<void>,
): Promise<Sent> {
  const emailFold = fold(email);
  const scope = { viewer: null, service: `guest:${fingerprint(ctx.settings.internalKey, emailFold)}` };
  await ctx.db.transaction((tx) =>
    // The answer follows from the input; kept with the key it would be one more copy of the address.
    idempotent(scope, tx, idempotency, { operation, key, input }, () => send(tx, emailFold).then(() => true)),
  );
  return { emailSentTo: email };
}
