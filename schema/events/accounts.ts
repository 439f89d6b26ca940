import { defineEvent } from '@supergraph/platform/events';
import { z } from 'zod';

const user = z.object({ userId: z.uuid() });

/** A person or service account can be used from now on. */
export const userRegistered = defineEvent(
  'accounts.user.registered',
  1,
  'userId',
  user.extend({
    kind: z.enum(['PERSON', 'SERVICE']),
    handle: z.string(),
    displayName: z.string(),
    email: z.string().nullable(),
    locale: z.string().nullable(),
    timeZone: z.string().nullable(),
    version: z.int(),
  }),
);

/** A profile changed. */
export const userUpdated = defineEvent(
  'accounts.user.updated',
  1,
  'userId',
  user.extend({
    handle: z.string(),
    displayName: z.string(),
    avatarFileId: z.uuid().nullable(),
    locale: z.string().nullable(),
    timeZone: z.string().nullable(),
    version: z.int(),
  }),
);

/** A new address was verified and took effect. */
export const userEmailChanged = defineEvent(
  'accounts.user.email_changed',
  1,
  'userId',
  user.extend({ email: z.string(), version: z.int() }),
);

/** An administrator closed an account. */
export const userSuspended = defineEvent('accounts.user.suspended', 1, 'userId', user.extend({ reason: z.string().nullable() }));

/** An administrator opened a closed account again. */
export const userReinstated = defineEvent('accounts.user.reinstated', 1, 'userId', user.extend({ reason: z.string().nullable() }));

/** A person asked to be erased; until `erasesAt` they may think again. */
export const userDeletionScheduled = defineEvent(
  'accounts.user.deletion_scheduled',
  1,
  'userId',
  user.extend({ erasesAt: z.iso.datetime() }),
);

/** A person thought again. */
export const userDeletionCancelled = defineEvent('accounts.user.deletion_cancelled', 1, 'userId', user);

/** An account was erased; every domain removes what it holds of the person. */
export const userDeleted = defineEvent('accounts.user.deleted', 1, 'userId', user);

/** Who holds data of people? Each domain that does answers with `<domain>.personal_data.kept`. */
export const personalDataAsked = defineEvent('accounts.personal_data.asked', 1, 'domain', z.object({ domain: z.string() }));

/** Some domains have not erased what they held of an erased person; they are asked again. */
export const userErasureOverdue = defineEvent('accounts.user.erasure_overdue', 1, 'userId', user.extend({ domains: z.array(z.string()) }));

/** An account's platform roles changed. */
export const userRolesChanged = defineEvent(
  'accounts.user.roles_changed',
  1,
  'userId',
  user.extend({ roles: z.array(z.enum(['USER', 'MODERATOR', 'ADMIN'])) }),
);

/** A person can sign in or prove themselves in one more way. */
export const credentialAdded = defineEvent('accounts.credential.added', 1, 'userId', user.extend({ kind: z.string() }));

/** A stored policy is in force, or not any more. */
export const policyPublished = defineEvent(
  'accounts.policy.published',
  1,
  'policyId',
  z.object({ policyId: z.uuid(), version: z.int(), text: z.string(), state: z.enum(['ACTIVE', 'RETIRED']) }),
);

/** A credential is gone, or may not be used any more. */
export const credentialRemoved = defineEvent('accounts.credential.removed', 1, 'userId', user.extend({ kind: z.string() }));

const session = user.extend({ sessionId: z.uuid(), clientId: z.string().nullable(), reason: z.string().nullable() });

/** Somebody signed in. */
export const sessionStarted = defineEvent('accounts.session.started', 1, 'userId', session);

/** A session ended; its tokens and sockets end with it. */
export const sessionEnded = defineEvent('accounts.session.ended', 1, 'userId', session);

/** A used refresh token or code was shown again; its session ended. */
export const sessionCompromised = defineEvent('accounts.session.compromised', 1, 'userId', session);

const accessToken = user.extend({ tokenId: z.uuid(), organizationId: z.uuid().nullable() });

/** A personal access token was made. */
export const accessTokenCreated = defineEvent('accounts.access_token.created', 1, 'userId', accessToken);

/** A personal access token is refused from now on. */
export const accessTokenRevoked = defineEvent('accounts.access_token.revoked', 1, 'userId', accessToken);

/** An organization has a new service account; `accounts.user.registered` told of the account itself. */
export const serviceAccountCreated = defineEvent(
  'accounts.service_account.created',
  1,
  'userId',
  user.extend({ organizationId: z.uuid() }),
);

/** Another key signs access tokens from now on; in an emergency the one before is removed, and what it signed is refused. */
export const signingKeyRotated = defineEvent(
  'accounts.signing_key.rotated',
  1,
  'kid',
  z.object({ kid: z.string(), emergency: z.boolean() }),
);
