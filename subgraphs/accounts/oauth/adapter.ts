import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider';
import { canSignIn } from '../policy.ts';
import { hashSecret } from '../secrets.ts';
import { endGrant } from '../service/oauth/end-grant.ts';
import {
  addArtifact,
  consumeArtifact,
  deleteArtifact,
  findArtifact,
  findArtifactBy,
  listGrantsOfBrowser,
  type NewOAuthArtifact,
  type OAuthArtifact,
  putArtifact,
} from '../store/oauth-artifacts.ts';
import { findUsers } from '../store/users.ts';
import { requireApproval } from './approval.ts';
import { surroundings } from './around.ts';
import { clientAdapter } from './client-adapter.ts';
import { guessed } from './device-guesses.ts';
import { hashOf, openPayload, sealPayload } from './seals.ts';
import { refreshTokenAdapter, shownTokenAdapter } from './token-adapters.ts';

/** Where the provider keeps what; each kind of thing has an adapter of its own. */
export function createAdapter(kind: string): Adapter {
  if (kind === 'Client') return clientAdapter;
  if (kind === 'RefreshToken') return refreshTokenAdapter;
  if (kind === 'AccessToken' || kind === 'ClientCredentials') return shownTokenAdapter(kind);
  if (kind === 'Session') return { ...artifactAdapter(kind), find: findSession, findByUid: findSessionByUid };
  if (kind === 'Interaction') return { ...artifactAdapter(kind), find: findInteraction };
  if (kind === 'Grant') return { ...artifactAdapter(kind), destroy: (id) => end(id) };
  if (kind === 'ReplayDetection') return { ...artifactAdapter(kind), upsert: addOnce };
  return artifactAdapter(kind);
}

const now = () => new Date();

/** Grants and interactions are looked for by what we kept of their ids, too. Other ids come from clients: a hash that somebody has read stands in for none. */
const idHashOf = (kind: string, id: string): string => (kind === 'Grant' || kind === 'Interaction' ? hashOf(id) : hashSecret(id));

function rowOf(kind: string, id: string, payload: AdapterPayload, expiresIn: number | undefined): NewOAuthArtifact {
  if (expiresIn === undefined) throw new Error(`a ${kind} of the provider ends some time`);
  const { grantId, uid, userCode, accountId = payload.result?.login?.accountId, clientId } = payload;
  return {
    kind,
    idHash: idHashOf(kind, id),
    // The library would hold a code against the newest grant of its browser; here each has its own, which signing out ends.
    sealed: sealPayload(surroundings().ctx, { ...payload, expiresWithSession: undefined }),
    // What somebody is being asked goes on without the grant that was there when it began.
    grantId: grantId && kind !== 'Interaction' ? hashOf(grantId) : null,
    uidHash: uid ? hashOf(uid) : null,
    userCodeHash: userCode ? hashSecret(userCode) : null,
    userId: accountId ?? null,
    clientId: clientId ?? null,
    expiresAt: new Date(now().getTime() + expiresIn * 1_000),
  };
}

function payloadOf(artifact: OAuthArtifact | null): AdapterPayload | undefined {
  if (!artifact) return undefined;
  const payload = openPayload<AdapterPayload>(surroundings().ctx, artifact.sealed);
  return artifact.consumedAt ? { ...payload, consumed: Math.floor(artifact.consumedAt.getTime() / 1_000) } : payload;
}

const artifactAdapter = (kind: string): Adapter => ({
  upsert: (id, payload, expiresIn) => putArtifact(surroundings().db, rowOf(kind, id, payload, expiresIn)),
  find: async (id) => payloadOf(await findArtifact(surroundings().db, kind, idHashOf(kind, id), now())),
  findByUid: async (uid) => payloadOf(await findArtifactBy(surroundings().db, kind, { uidHash: hashOf(uid) }, now())),
  findByUserCode: (userCode) =>
    guessed(async () => payloadOf(await findArtifactBy(surroundings().db, kind, { userCodeHash: hashSecret(userCode) }, now()))),
  consume: (id) => consume(kind, id),
  destroy: (id) => deleteArtifact(surroundings().db, kind, idHashOf(kind, id)),
  // With the grant all goes that hangs on it, at once: see `Grant`.
  revokeByGrantId: () => Promise.resolve(),
});

/** The library reads and then consumes: of two requests that both read it unused, the second ends what the first got. */
async function consume(kind: string, id: string): Promise<void> {
  const { db } = surroundings();
  if (await consumeArtifact(db, kind, idHashOf(kind, id), now())) return;
  const used = await findArtifact(db, kind, idHashOf(kind, id), now());
  if (used?.grantId) await endGrant(surroundings().ctx, used.grantId, 'COMPROMISED');
  throw new errors.InvalidGrant('it was used already');
}

const endings: Readonly<Record<string, 'COMPROMISED' | 'SIGNED_OUT'>> = { token: 'COMPROMISED', end_session_confirm: 'SIGNED_OUT' };

/** A code that is used twice may be in foreign hands; whoever signs out is done with what they began in that browser. */
async function end(grantId: string): Promise<void> {
  const { ctx } = surroundings();
  const reason = endings[Provider.ctx?.oidc.route ?? ''] ?? 'REVOKED';
  const others = reason === 'SIGNED_OUT' ? await grantsBeside(hashOf(grantId)) : [];
  for (const hash of new Set([hashOf(grantId), ...others])) await endGrant(ctx, hash, reason);
}

/** The browser's session names the newest grant of a client alone. */
async function grantsBeside(hash: string): Promise<string[]> {
  const { db } = surroundings();
  const grant = await findArtifact(db, 'Grant', hash, now());
  const uid = Provider.ctx?.oidc.session?.uid;
  if (!grant?.userId || !grant.clientId || !uid) return [];
  return listGrantsOfBrowser(db, { userId: grant.userId, clientId: grant.clientId, signedIn: hashOf(uid) });
}

const resuming = new Set(['resume', 'device_resume']);

/**
 * Whoever answered an interaction got a secret; only a browser that brings it goes on. Else somebody could have another
 * person answer what began in his own browser, and be signed in as them. It is asked here, where the interaction is known
 * that goes on: the address does not say so.
 */
async function findInteraction(id: string): Promise<AdapterPayload | undefined> {
  const { ctx, db } = surroundings();
  const interaction = await findArtifact(db, 'Interaction', hashOf(id), now());
  const koa = Provider.ctx;
  if (interaction && koa && resuming.has(koa.oidc.route)) requireApproval(koa, id, interaction, ctx.settings);
  return payloadOf(interaction);
}

/** A browser stays signed in only as long as its person may sign in. */
async function findSession(id: string): Promise<AdapterPayload | undefined> {
  return withPerson(payloadOf(await findArtifact(surroundings().db, 'Session', hashSecret(id), now())));
}

async function findSessionByUid(uid: string): Promise<AdapterPayload | undefined> {
  return withPerson(payloadOf(await findArtifactBy(surroundings().db, 'Session', { uidHash: hashOf(uid) }, now())));
}

async function withPerson(session: AdapterPayload | undefined): Promise<AdapterPayload | undefined> {
  if (!session?.accountId) return session;
  const [user] = await findUsers(surroundings().db, [session.accountId]);
  return user && canSignIn(user) ? session : undefined;
}

/** A proof of possession counts once, also when it is shown twice at the same moment (RFC 9449, 11.1). */
async function addOnce(id: string, payload: AdapterPayload, expiresIn: number | undefined): Promise<void> {
  if (!(await addArtifact(surroundings().db, rowOf('ReplayDetection', id, payload, expiresIn))))
    throw new errors.InvalidDpopProof('DPoP proof JWT Replay detected');
}
