import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { emit } from '@supergraph/platform/outbox';
import { sessionStarted } from '@supergraph/schema/events/accounts';
import type { Context } from '../../context.ts';
import { hashSecret, makeSecret } from '../../secrets.ts';
import { insertDevice } from '../../store/devices.ts';
import { type Flow, insertSession, knowsDevice, type Session, updateSession } from '../../store/sessions.ts';
import type { User } from '../../store/users.ts';
import { record } from '../audit.ts';
import { readDevice } from '../device.ts';
import { beginFamily } from '../refresh.ts';
import { dayMs, minuteMs, noLongerValid, notify } from '../shared.ts';
import { passOn } from '../oauth/pass-on.ts';
import { amrClaim, firstPartyScope, issueTokens, sessionMs } from '../tokens.ts';
import type { Handover } from './flow.ts';

const trustMs = 30 * dayMs;
/** As long as an access token lives. */
const answerMs = 10 * minuteMs;

const levelOf = (isAal2: boolean) => (isAal2 ? 'aal2' : 'aal1');

/** A fresh access token of the same session, which says what was proved now. */
export async function renew(ctx: Context, tx: Db, user: User, flow: Flow, isAal2: boolean): Promise<Handover> {
  const now = ctx.now();
  const changes = { authTime: now, lastSeenAt: now, methods: flow.proven, acr: levelOf(isAal2) };
  const session = flow.sessionId ? await updateSession(tx, flow.sessionId, now, changes) : null;
  if (!session) throw noLongerValid('sign-in');
  // A session that is bound to a key stays so: this token, too, is worth nothing without it.
  const tokens = await issueTokens(ctx, tx, user, session, null, { key: session.boundKey ?? undefined });
  await record(ctx, tx, {
    name: 'session.stepped_up',
    actorId: user.id,
    target: session.id,
    details: { methods: session.methods },
  });
  return { tokens, deviceToken: null };
}

interface Wishes {
  readonly deviceName: string | undefined;
  readonly trust: boolean;
  /** The trusted device that the person signs in on. */
  readonly deviceId: string | null;
}

/** A new session with its first tokens. */
export async function begin(ctx: Context, tx: Db, user: User, flow: Flow, isAal2: boolean, wishes: Wishes): Promise<Handover> {
  const now = ctx.now();
  const device = readDevice(ctx.client.userAgent);
  const known = await knowsDevice(tx, user.id, device);
  const deviceToken = wishes.trust ? makeSecret() : null;
  const session = await insertSession(tx, {
    userId: user.id,
    clientId: flow.clientId,
    scope: firstPartyScope,
    deviceName: wishes.deviceName ?? device.name,
    os: device.os,
    browser: device.browser,
    ipAddress: ctx.client.ipAddress,
    methods: flow.proven,
    acr: levelOf(isAal2),
    authTime: now,
    deviceId: deviceToken ? await trust(ctx, tx, user.id, deviceToken) : wishes.deviceId,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: new Date(now.getTime() + (flow.interactionHash ? answerMs : sessionMs)),
  });
  if (flow.interactionHash) return beginForApp(ctx, tx, user, session, flow.interactionHash, deviceToken, isNew(known));
  const refreshToken = await beginFamily(ctx, tx, session);
  const tokens = await issueTokens(ctx, tx, user, session, refreshToken);
  await tellStarted(ctx, tx, session, isNew(known));
  return { tokens, deviceToken };
}

/** Nobody is warned of the first device of all. */
const isNew = (known: { any: boolean; same: boolean }): boolean => known.any && !known.same;

/** A session that lasts just long enough to answer an app, which gets one of its own; none is needed where consent is there already. */
async function beginForApp(
  ctx: Context,
  tx: Db,
  user: User,
  session: Session,
  interactionHash: string,
  deviceToken: string | null,
  isNewDevice: boolean,
): Promise<Handover> {
  await tellStarted(ctx, tx, session, isNewDevice);
  const { acr, authTime } = session;
  const redirectUrl = await passOn(ctx, tx, interactionHash, { userId: user.id, acr, amr: amrClaim(session), authTime });
  const tokens = redirectUrl ? null : await issueTokens(ctx, tx, user, session, null);
  return { tokens, redirectUrl, deviceToken };
}

const trust = (ctx: Context, tx: Db, userId: string, deviceToken: string): Promise<string> =>
  insertDevice(tx, {
    userId,
    hash: hashSecret(deviceToken),
    createdAt: ctx.now(),
    expiresAt: new Date(ctx.now().getTime() + trustMs),
  });

async function tellStarted(ctx: Context, tx: Db, session: Session, isNewDevice: boolean): Promise<void> {
  const { id, userId, clientId, deviceName, methods, deviceId } = session;
  await emit(ctx, tx, outbox, sessionStarted, { userId, sessionId: id, clientId, reason: null }, { organizationId: null });
  if (isNewDevice) await notify(ctx, tx, userId, 'NEW_DEVICE', id, { device: deviceName, ipAddress: session.ipAddress });
  await record(ctx, tx, {
    name: 'session.started',
    actorId: userId,
    target: id,
    clientId,
    details: { methods, device: deviceName, trusted: deviceId !== null },
  });
}
