import { outbox } from '@supergraph/db/accounts/tables';
import type { LiveEvent } from '@supergraph/platform/bus';
import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { forbidden, notFound } from '@supergraph/platform/errors';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { sessionCompromised, sessionEnded } from '@supergraph/schema/events/accounts';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { canSeePersonal } from '../policy.ts';
import { deleteDevices } from '../store/devices.ts';
import { deletePendingChanges } from '../store/email-changes.ts';
import { deleteArtifactsOfUser, deletePreparedArtifacts } from '../store/oauth-artifacts.ts';
import {
  countSessions,
  endActingSessions,
  endSessions,
  findExpiredSessions,
  findSessions,
  listEnded,
  listSessions,
  type Session,
} from '../store/sessions.ts';
import { lockUser } from '../store/users.ts';
import { record } from './audit.ts';
import { notify, reasonText } from './shared.ts';

/** Why a session ended. */
export type EndReason =
  | 'SIGNED_OUT'
  | 'REVOKED'
  | 'PASSWORD_CHANGED'
  | 'PASSWORD_RESET'
  | 'SUSPENDED'
  | 'ERASED'
  | 'COMPROMISED'
  | 'EMAIL_REVERTED'
  | 'ROLES_CHANGED'
  | 'EXPIRED';

/** Of these nobody concludes that somebody else has the device or the browser. */
const unsuspicious: ReadonlySet<EndReason> = new Set(['SIGNED_OUT', 'EXPIRED', 'ROLES_CHANGED']);

const mostEnded = 10_000;
const OneSession = z.strictObject({ sessionId: idInput });
const Reason = z.strictObject({ reason: optional(reasonText) });

/** Ends sessions of a person and tells the gateway and the other domains; gives those that ended by this. */
export async function endAndTell(
  ctx: Context,
  tx: Db,
  userId: string,
  reason: EndReason,
  which: { only?: string | undefined; but?: string | undefined } = {},
): Promise<Session[]> {
  const ended = await endSessions(tx, userId, ctx.now(), reason, which);
  for (const session of ended) await tellEnded(ctx, tx, session, reason);
  await distrust(tx, userId, reason, ended, which.but);
  if (unsuspicious.has(reason)) return ended;
  const isOfPerson = which.only === undefined || ended.some(({ grantId }) => grantId === null);
  if (isOfPerson || reason !== 'REVOKED') await deleteArtifactsOfUser(tx, userId, { kinds: ['Session'] });
  if (isOfPerson) await endPrepared(ctx, tx, userId, reason);
  return ended;
}

/** Tells of a session that ended because what opened it, or kept it open, was shown twice: somebody may have stolen it. */
export async function tellCompromised(
  ctx: Context,
  tx: Db,
  { id, userId, clientId, deviceName }: Session,
  reason: 'REFRESH_TOKEN_REUSED' | 'CODE_REUSED',
): Promise<void> {
  await emit(ctx, tx, outbox, sessionCompromised, { userId, sessionId: id, clientId, reason }, { organizationId: null });
  await notify(ctx, tx, userId, 'SESSION_COMPROMISED', id, { device: deviceName });
  await record(ctx, tx, { name: 'session.compromised', subjectId: userId, target: id, clientId, details: { reason } });
}

/**
 * Whoever ends a session of a person's own, or all of them, wants nobody to stay in by what was begun there: an app that
 * was answered and has not come for its tokens, a link to an account elsewhere, another address, acting as somebody.
 */
async function endPrepared(ctx: Context, tx: Db, userId: string, reason: EndReason): Promise<void> {
  await deletePreparedArtifacts(tx, userId);
  await deletePendingChanges(tx, userId);
  await endActing(ctx, tx, { actorId: userId }, reason);
}

/** Ends sessions in which an administrator acts: theirs, because they may no longer, or those as a person who became one. */
export async function endActing(
  ctx: Context,
  tx: Db,
  whose: { readonly actorId: string } | { readonly userId: string },
  reason: EndReason,
): Promise<void> {
  for (const session of await endActingSessions(tx, whose, ctx.now(), reason)) await tellEnded(ctx, tx, session, reason);
}

const tellEnded = (ctx: Context, tx: Db, { id, userId, clientId }: Session, reason: EndReason): Promise<void> =>
  emit(ctx, tx, outbox, sessionEnded, { userId, sessionId: id, clientId, reason }, { organizationId: null });

/** Who signs out comes back to the same device; whoever ends a session from elsewhere, or all of them, trusts its device no more. */
async function distrust(tx: Db, userId: string, reason: EndReason, ended: readonly Session[], kept: string | undefined): Promise<void> {
  if (unsuspicious.has(reason)) return;
  if (reason === 'REVOKED' || reason === 'COMPROMISED')
    return deleteDevices(tx, userId, { only: ended.flatMap(({ deviceId }) => deviceId ?? []) });
  return deleteDevices(tx, userId, { butOfSession: kept ?? null });
}

/** A session that the viewer may see, or null. */
export async function findSession(ctx: Context, id: string): Promise<Session | null> {
  if (!idInput.safeParse(id).success) return null;
  const session = await ctx.loaders.sessionById.load(id);
  return session && !session.endedAt && canSeePersonal(ctx.viewer, session.userId) ? session : null;
}

/** A person's open sessions, newest first; null for whom they do not concern. */
export async function pageOfSessions(ctx: Context, userId: string, args: PageArguments): Promise<Connection<Session> | null> {
  if (!canSeePersonal(ctx.viewer, userId)) return null;
  const page = readPage(ctx, args, ['sessions', userId]);
  const now = ctx.now();
  const rows = await listSessions(ctx.db, page, userId, now);
  return toConnection(
    ctx,
    page,
    rows,
    (session) => [session.id],
    () => countSessions(ctx.db, userId, now),
  );
}

/** Until when the session's device needs no second factor, or null. */
export async function trustedUntil(ctx: Context, { deviceId }: Session): Promise<Date | null> {
  const device = deviceId ? await ctx.loaders.deviceById.load(deviceId) : null;
  return device && device.expiresAt > ctx.now() ? device.expiresAt : null;
}

/** Ends one of the viewer's own sessions. */
export async function revokeSession(ctx: Context, input: unknown): Promise<string> {
  const { sessionId } = parseInput(OneSession, input);
  const viewer = requireViewer(ctx);
  const reason = sessionId === viewer.sessionId ? 'SIGNED_OUT' : 'REVOKED';
  await ctx.db.transaction(async (tx) => {
    // Whoever begins something in the session at this moment waits, and finds it over.
    await lockUser(tx, viewer.userId);
    const [ended] = await endAndTell(ctx, tx, viewer.userId, reason, { only: sessionId });
    if (!ended) throw notFound('Session');
    await record(ctx, tx, { name: 'session.ended', target: sessionId, details: { reason } });
  });
  return sessionId;
}

/** Ends all of the viewer's sessions but the one that asks; how many. */
export async function revokeOtherSessions(ctx: Context, input: unknown): Promise<number> {
  const { reason: why } = parseInput(Reason, input);
  const viewer = requireViewer(ctx);
  return ctx.db.transaction(async (tx) => {
    await lockUser(tx, viewer.userId);
    const ended = await endAndTell(ctx, tx, viewer.userId, 'REVOKED', { but: viewer.sessionId ?? undefined });
    await record(ctx, tx, {
      name: 'sessions.ended',
      target: viewer.userId,
      details: { reason: 'REVOKED', count: ended.length, why: why ?? null },
    });
    return ended.length;
  });
}

/** What a subscriber hears of the end of their session. */
export interface EndOfSession {
  readonly sessionId: string;
  readonly reason: string;
  readonly at: Date;
}

/** The end of the session that subscribes, once; at once when it is over already. */
export async function watchSessionEnd(ctx: Context): Promise<AsyncGenerator<EndOfSession>> {
  const { sessionId } = requireViewer(ctx);
  if (!sessionId) throw forbidden('this token belongs to no session');
  // Listened to before the session is read, so that an end in between is not missed.
  const events = ctx.bus.subscribe(sessionEnded, (event) => event.sessionId === sessionId, ctx.signal);
  const [session] = await findSessions(ctx.db, [sessionId]);
  return endOf(sessionId, session, events);
}

async function* endOf(
  sessionId: string,
  session: Session | undefined,
  events: AsyncGenerator<LiveEvent<{ readonly reason: string | null }>, void>,
): AsyncGenerator<EndOfSession> {
  try {
    if (session?.endedAt) {
      yield { sessionId, reason: session.endReason ?? 'REVOKED', at: session.endedAt };
      return;
    }
    for await (const { payload, occurredAt } of events) {
      yield { sessionId, reason: payload.reason ?? 'REVOKED', at: new Date(occurredAt) };
      return;
    }
  } finally {
    await events.return();
  }
}

/** Ids of sessions that ended from a moment on: what the gateway refuses. */
export const endedSessions = (ctx: Context, since: Date): Promise<string[]> => listEnded(ctx.db, since, mostEnded);

/** Ends sessions whose 180 days are over. */
export async function endExpiredSessions(ctx: Context): Promise<void> {
  for (const { id, userId } of await findExpiredSessions(ctx.db, ctx.now(), 1_000))
    await ctx.db.transaction((tx) => endAndTell(ctx, tx, userId, 'EXPIRED', { only: id }));
}
