import { outbox } from '@supergraph/db/accounts/tables';
import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { conflict, forbidden, notFound } from '@supergraph/platform/errors';
import { idInput, parseInput, text } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { sessionStarted } from '@supergraph/schema/events/accounts';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { canSignIn, isAdmin } from '../policy.ts';
import { findOpenSession, insertSession } from '../store/sessions.ts';
import { lockAdmins, lockUser } from '../store/users.ts';
import { record } from './audit.ts';
import { readDevice } from './device.ts';
import { minuteMs, notify } from './shared.ts';
import { firstPartyClient, firstPartyScope, issueTokens, type TokenSet } from './tokens.ts';

const actsForMs = 15 * minuteMs;

const Start = z.strictObject({ userId: idInput, reason: text({ min: 1, max: 500 }) });

/** Lets an administrator act as a person for 15 minutes: without refresh, without step-up, seen by the person. */
export async function startImpersonation(ctx: Context, input: unknown): Promise<TokenSet> {
  const { userId, reason } = parseInput(Start, input);
  const { userId: actorId, actorId: alreadyActing, sessionId } = requireViewer(ctx);
  if (alreadyActing) throw forbidden('whoever acts as somebody cannot go on to act as another', { reason: 'IMPERSONATION' });
  return ctx.db.transaction(async (tx) => {
    // Both are locked, in the order in which others lock them: whoever changes a role or status afterwards ends this session.
    const admins = await lockAdmins(tx);
    const isIn = sessionId !== null && (await findOpenSession(tx, sessionId, ctx.now())) !== null;
    if (!admins.includes(actorId) || !isIn)
      throw forbidden('only an active administrator in a session of their own may act as somebody', { reason: 'PERMISSION_MISSING' });
    const user = await lockUser(tx, userId);
    if (!user || user.status === 'ERASED') throw notFound('User');
    if (isAdmin(user)) throw forbidden('nobody acts as an administrator', { reason: 'ADMINISTRATOR' });
    if (!canSignIn(user)) throw conflict('only an active person can be acted as', { reason: 'NOT_ACTIVE' });
    const session = await begin(ctx, tx, userId, actorId);
    const tokens = await issueTokens(ctx, tx, user, session, null);
    const facts = { userId, sessionId: session.id, clientId: session.clientId, reason: 'IMPERSONATION' };
    await emit(ctx, tx, outbox, sessionStarted, facts, { organizationId: null });
    await notify(ctx, tx, userId, 'IMPERSONATED', session.id, { reason });
    await record(ctx, tx, { name: 'impersonation.started', subjectId: userId, target: session.id, details: { reason } });
    return tokens;
  });
}

function begin(ctx: Context, tx: Db, userId: string, actorId: string) {
  const now = ctx.now();
  const { os, browser } = readDevice(ctx.client.userAgent);
  return insertSession(tx, {
    userId,
    actorId,
    clientId: firstPartyClient,
    scope: firstPartyScope,
    deviceName: 'An administrator',
    os,
    browser,
    // From where an administrator acts is not for the person to see.
    ipAddress: null,
    methods: [],
    acr: requireViewer(ctx).acr,
    authTime: now,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: new Date(now.getTime() + actsForMs),
  });
}
