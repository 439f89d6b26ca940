import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { emit } from '@supergraph/platform/outbox';
import { sessionStarted } from '@supergraph/schema/events/accounts';
import type { Context } from '../../context.ts';
import { hashOf } from '../../oauth/seals.ts';
import { canSignIn } from '../../policy.ts';
import { hashSecret } from '../../secrets.ts';
import { findArtifact, lockArtifact } from '../../store/oauth-artifacts.ts';
import { findOAuthClients, touchAppGrant } from '../../store/oauth-clients.ts';
import { bindSession, findSessionOfGrant, insertRefreshToken, insertSession, type Session } from '../../store/sessions.ts';
import { lockUser, type User } from '../../store/users.ts';
import { record } from '../audit.ts';
import { idleUntil } from '../refresh.ts';
import { methodsOf, sessionMs } from '../tokens.ts';

/** What is noted beside a grant when it is given: from where, and for which organization. */
export interface GrantDetails {
  readonly organizationId: string | null;
  readonly os: string | null;
  readonly browser: string | null;
  readonly ipAddress: string | null;
  /** The hash of what the provider calls the browser's session. */
  readonly signedIn?: string;
}

/** How the person proved themselves when the grant was given. */
export interface Proof {
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  /** Seconds since 1970. */
  readonly authTime: number | undefined;
}

export interface Begun {
  readonly user: User;
  readonly session: Session;
}

/** The session that a grant's first tokens begin; null when the grant or its person is gone. */
export function sessionOfGrant(ctx: Context, grantId: string, scope: string, proof: Proof): Promise<Begun | null> {
  return ctx.db.transaction(async (tx) => {
    const given = await findArtifact(tx, 'Grant', hashOf(grantId), new Date());
    const user = given?.userId ? await lockUser(tx, given.userId) : null;
    if (!user || !canSignIn(user)) return null;
    // Whoever ends the grant or shuts others out of the account waits, and then finds this session.
    const grant = await lockArtifact(tx, 'Grant', hashOf(grantId), new Date());
    if (!grant?.clientId) return null;
    const known = await findSessionOfGrant(tx, grant.idHash);
    if (known) return known.endedAt ? null : { user, session: known };
    const [client] = await findOAuthClients(tx, [grant.clientId]);
    if (!client || client.disabledAt) return null;
    const details = grant.details as unknown as GrantDetails;
    const session = await insertSession(tx, {
      userId: user.id,
      clientId: client.id,
      scope,
      deviceName: client.name.slice(0, 100),
      os: details.os,
      browser: details.browser,
      ipAddress: details.ipAddress,
      methods: methodsOf(proof.amr),
      acr: proof.acr === 'aal2' ? 'aal2' : 'aal1',
      authTime: proof.authTime ? new Date(proof.authTime * 1_000) : ctx.now(),
      grantId: grant.idHash,
      organizationId: details.organizationId,
      createdAt: ctx.now(),
      lastSeenAt: ctx.now(),
      expiresAt: new Date(ctx.now().getTime() + sessionMs),
    });
    await tellStarted(ctx, tx, session);
    return { user, session };
  });
}

async function tellStarted(ctx: Context, tx: Db, session: Session): Promise<void> {
  const { id, userId, clientId, organizationId, methods, scope } = session;
  await touchAppGrant(tx, userId, clientId, ctx.now());
  await emit(ctx, tx, outbox, sessionStarted, { userId, sessionId: id, clientId, reason: null }, { organizationId: null });
  await record(ctx, tx, { name: 'session.started', actorId: userId, target: id, clientId, organizationId, details: { methods, scope } });
}

/** Keeps the first refresh token of a session that began with a grant. A public client's is bound to its key, where it has one. */
export async function keepRefreshToken(
  ctx: Context,
  { token, grantId, key }: { readonly token: string; readonly grantId: string | undefined; readonly key: string | undefined },
): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const session = grantId ? await findSessionOfGrant(tx, hashOf(grantId)) : null;
    if (!session) throw new Error('a refresh token belongs to a session');
    await insertRefreshToken(tx, {
      sessionId: session.id,
      hash: hashSecret(token),
      createdAt: ctx.now(),
      idleUntil: idleUntil(session, ctx.now()),
    });
    if (key) await bindSession(tx, session.id, key);
  });
}
