import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { conflict } from '@supergraph/platform/errors';
import { idInput, nameText, optional, parseInput } from '@supergraph/platform/input';
import { Secret, TOTP } from 'otpauth';
import { v7 } from 'uuid';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { open, seal } from '../../secrets.ts';
import { confirmTotp, findEnrollment, findTotps, insertTotp, type Totp, useTotpStep } from '../../store/factors.ts';
import { findOpenSession } from '../../store/sessions.ts';
import { lockUser, type User } from '../../store/users.ts';
import { record } from '../audit.ts';
import { minuteMs, noLongerValid, platformName, wrongCredentials } from '../shared.ts';
import { requireStepUp } from '../step-up.ts';
import { distrustDevices } from './second.ts';
import { tellAdded } from './tell.ts';

const mostTotps = 3;
const enrollmentMs = 10 * minuteMs;
const periodSeconds = 30;
/** How many time steps a clock may be off, either way. */
const drift = 1;
const secretBytes = 20;

const Start = z.strictObject({ label: optional(nameText({ max: 100 })) });
const Confirm = z.strictObject({ enrollmentId: idInput, code: z.string().regex(/^\d{6}$/, 'must be 6 digits') });

/** What an authenticator app needs to know, once. */
export interface Enrollment {
  readonly enrollmentId: string;
  readonly secret: string;
  readonly otpauthUri: string;
}

// Bound to its account, so that a row moved to another one opens nothing.
const purposeOf = (userId: string): string => `totp:${userId}`;

const tooMany = () =>
  conflict(`an account has at most ${mostTotps} authenticator apps; remove one first`, { reason: 'TOO_MANY_CREDENTIALS' });

/** Makes a secret that waits for its first code. */
export async function startTotpEnrollment(ctx: Context, input: unknown): Promise<Enrollment> {
  const { userId, sessionId } = await requireStepUp(ctx);
  const { label = 'Authenticator' } = parseInput(Start, input);
  if ((await findTotps(ctx.db, [userId])).length >= mostTotps) throw tooMany();
  const user = await ctx.loaders.userById.load(userId);
  const secret = new Secret({ size: secretBytes });
  const id = v7();
  await insertTotp(ctx.db, {
    id,
    userId,
    sessionId,
    label,
    sealedSecret: seal(ctx.settings.internalKey, purposeOf(userId), secret.base32),
    createdAt: ctx.now(),
    expiresAt: new Date(ctx.now().getTime() + enrollmentMs),
  });
  const totp = new TOTP({ issuer: platformName, label: user?.email ?? user?.handle ?? userId, secret, period: periodSeconds });
  return { enrollmentId: id, secret: secret.base32, otpauthUri: totp.toString() };
}

/** Adds the authenticator app whose first code is shown; the code is used up by it. */
export async function confirmTotpEnrollment(ctx: Context, input: unknown): Promise<{ credential: Totp; user: User }> {
  const { enrollmentId, code } = parseInput(Confirm, input);
  const { sessionId } = requireViewer(ctx);
  const enrollment = sessionId ? await findEnrollment(ctx.db, enrollmentId, sessionId, ctx.now()) : null;
  if (!enrollment || !sessionId) throw noLongerValid('enrollment');
  const step = stepOf(ctx, enrollment, code);
  if (step === null) {
    await ctx.db.transaction((tx) => record(ctx, tx, { name: 'credential.refused', target: enrollmentId, details: { kind: 'TOTP' } }));
    throw wrongCredentials();
  }
  return ctx.db.transaction(async (tx) => {
    const user = await lockUser(tx, enrollment.userId);
    // Whoever was shut out since they began gets no way back in.
    if (!user || !(await findOpenSession(tx, sessionId, ctx.now()))) throw noLongerValid('enrollment');
    const others = await findTotps(tx, [enrollment.userId]);
    if (others.length >= mostTotps) throw tooMany();
    const credential = await confirmTotp(tx, enrollmentId, sessionId, ctx.now());
    if (!credential) throw noLongerValid('enrollment');
    if (!(await useTotpStep(tx, user.id, step, ctx.now()))) throw wrongCredentials();
    await distrustDevices(tx, user.id, sessionId, credential.confirmedAt);
    await tellAdded(ctx, tx, { userId: user.id, credentialId: credential.id, kind: 'TOTP' });
    return { credential, user };
  });
}

/** The time step whose code this is, or null. */
function stepOf(ctx: Context, { userId, sealedSecret }: Totp, code: string): number | null {
  const secret = Secret.fromBase32(open(ctx.settings.internalKey, purposeOf(userId), sealedSecret));
  const timestamp = ctx.now().getTime();
  const delta = TOTP.validate({ token: code, secret, period: periodSeconds, timestamp, window: drift });
  return delta === null ? null : TOTP.counter({ period: periodSeconds, timestamp }) + delta;
}

/** Which of an account's apps shows this code, and for which time step; null when none does. */
export async function findShowing(ctx: Context, db: Db, userId: string, code: string): Promise<{ totp: Totp; step: number } | null> {
  for (const totp of await findTotps(db, [userId])) {
    const step = stepOf(ctx, totp, code);
    if (step !== null) return { totp, step };
  }
  return null;
}
