import type { RequestContext } from '@supergraph/platform/context';
import { loadById, loadManyBy } from '@supergraph/platform/loader';
import { findAccessTokens } from './store/access-tokens.ts';
import { findDevices } from './store/devices.ts';
import { findPendingChanges } from './store/email-changes.ts';
import { findExternalIdentities } from './store/external.ts';
import { findRecoverySets, findTotps } from './store/factors.ts';
import { findOAuthClients, listAppGrants } from './store/oauth-clients.ts';
import { findPolicies } from './store/policies.ts';
import { findPasskeys } from './store/passkeys.ts';
import { findSessions } from './store/sessions.ts';
import { findPasswords, findUsers } from './store/users.ts';

/** Loaders live for one request; the gateway asks for many keys, the database is asked once. */
export const createLoaders = ({ db, now }: Pick<RequestContext, 'db' | 'now'>) => ({
  userById: loadById(
    (ids) => findUsers(db, ids),
    (user) => user.id,
  ),
  sessionById: loadById(
    (ids) => findSessions(db, ids),
    (session) => session.id,
  ),
  passwordByUser: loadById(
    (ids) => findPasswords(db, ids),
    (password) => password.userId,
  ),
  totpsByUser: loadManyBy(
    (ids) => findTotps(db, ids),
    (totp) => totp.userId,
  ),
  passkeysByUser: loadManyBy(
    (ids) => findPasskeys(db, ids),
    (passkey) => passkey.userId,
  ),
  recoveryCodesByUser: loadById(
    (ids) => findRecoverySets(db, ids),
    (codes) => codes.userId,
  ),
  accessTokenById: loadById(
    (ids) => findAccessTokens(db, ids),
    (token) => token.id,
  ),
  oauthClientById: loadById(
    (ids) => findOAuthClients(db, ids),
    (client) => client.id,
  ),
  externalIdentitiesByUser: loadManyBy(
    (ids) => findExternalIdentities(db, ids),
    (identity) => identity.userId,
  ),
  policyById: loadById(
    (ids) => findPolicies(db, ids),
    (policy) => policy.id,
  ),
  appGrantsByUser: loadManyBy(
    (ids) => listAppGrants(db, ids),
    (grant) => grant.userId,
  ),
  pendingEmailsByUser: loadManyBy(
    (ids) => findPendingChanges(db, ids, now()),
    (change) => change.userId,
  ),
  deviceById: loadById(
    (ids) => findDevices(db, ids),
    (device) => device.id,
  ),
});
export type Loaders = ReturnType<typeof createLoaders>;
