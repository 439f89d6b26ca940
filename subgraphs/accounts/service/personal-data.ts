import {
  accessTokens,
  appGrants,
  auditEvents,
  dataExports,
  emailChanges,
  externalIdentities,
  externalVisits,
  flows,
  heldHandles,
  oauthArtifacts,
  oauthClients,
  passkeys,
  passwords,
  personErasures,
  policies,
  recoveryCodes,
  secretLinks,
  sessions,
  totpCredentials,
  totpSteps,
  trustedDevices,
  users,
  webauthnChallenges,
} from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { definePersonalData, goes, holding, stays } from '@supergraph/platform/personal-data';
import { personalDataEvents } from '@supergraph/schema/events/platform';
import type { AuditRow } from '../store/audit.ts';
import {
  blankAccessTokens,
  eraseOwnRows,
  readAccessTokens,
  readClients,
  readCredentials,
  readEmailChanges,
  readEventsAbout,
  readEventsBy,
  readExports,
  readFlows,
  readGrants,
  readHandles,
  readIdentities,
  readSessions,
  readUser,
} from '../store/personal-data.ts';

const byId = ({ id }: { readonly id: string }) => [id];
const byPosition = ({ position }: AuditRow) => [position];

/** What accounts holds of people. The account itself is erased in the transaction that ends it (`deletion.ts`); the rest follows here. */
export const personalData = definePersonalData({
  events: personalDataEvents('accounts'),
  columns: [
    ...stays('the id stays, so that it is never given to somebody else', users.id),
    ...stays('that a session, a token or a link was there, without anything that was said of it', sessions.userId, accessTokens.userId),
    ...stays('the audit log is kept for 400 days', auditEvents.actorId, auditEvents.onBehalfOfId, auditEvents.subjectId),
    ...stays('an id that leads to nobody any more', sessions.actorId, accessTokens.createdById, oauthClients.ownerId, policies.createdById),
    ...stays('a service account is nobody', oauthClients.serviceAccountId),
    ...stays('who has answered for the erasure', personErasures.subjectId),
    ...goes(
      appGrants.userId,
      dataExports.userId,
      emailChanges.userId,
      externalIdentities.userId,
      externalVisits.userId,
      flows.userId,
      heldHandles.userId,
      oauthArtifacts.userId,
      passkeys.userId,
      passwords.userId,
      recoveryCodes.userId,
      secretLinks.userId,
      totpCredentials.userId,
      totpSteps.userId,
      trustedDevices.userId,
      webauthnChallenges.userId,
    ),
  ],
  holdings: [
    holding({
      name: 'profile',
      description: 'Your account: how others see you, your address and your settings. Kept as long as you have the account.',
      read: readUser,
      key: byId,
      show: ({ searchText: _searchText, emailFold: _emailFold, ...account }) => account,
    }),
    holding({
      name: 'former-handles',
      description: 'Handles that you gave up. They are kept for 30 days, so that nobody takes your place at once.',
      read: readHandles,
      key: ({ handle }) => [handle],
    }),
    holding({
      name: 'address-changes',
      description: 'Addresses that you had or wanted, for the days in which a change can be undone.',
      read: readEmailChanges,
      key: byId,
    }),
    holding({
      name: 'credentials',
      description: 'Your ways to prove who you are, without what makes them work; kept as long as you use them.',
      read: readCredentials,
      key: byId,
    }),
    holding({
      name: 'sessions',
      description: 'Where and when you signed in, to show it to you and to end it.',
      read: readSessions,
      key: byId,
      // Where an administrator sat who acted as the person is the administrator's.
      show: ({ actorId, ...session }) => ({
        ...session,
        ...(actorId === null ? {} : { deviceName: null, os: null, browser: null, ipAddress: null }),
        byAnAdministrator: actorId !== null,
      }),
    }),
    holding({ name: 'sign-ins', description: 'Sign-ins that were begun, for a day.', read: readFlows, key: byId }),
    holding({
      name: 'access-tokens',
      description: 'Tokens that you made for programs, without their secrets; until 30 days after they end.',
      read: readAccessTokens,
      key: byId,
      show: ({ userId, ...token }, self) => ({ ...token, forServiceAccount: userId === self ? null : userId }),
    }),
    holding({
      name: 'external-identities',
      description: 'Your accounts elsewhere that you sign in with here.',
      read: readIdentities,
      key: byId,
    }),
    holding({ name: 'app-grants', description: 'What you allowed other programs.', read: readGrants, key: byId }),
    holding({ name: 'apps', description: 'Programs that you registered, without their secrets.', read: readClients, key: byId }),
    holding({
      name: 'security-events',
      description: 'What the audit log says of your account, for 400 days: it shows you and us what was done with it.',
      read: readEventsAbout,
      key: byPosition,
      show: (row, self) => ({
        id: row.id,
        name: row.name,
        at: row.at,
        by: row.actorId === self ? 'you' : row.actorId === null ? 'nobody known' : 'somebody else',
        clientId: row.clientId,
        organizationId: row.organizationId,
        ipAddress: row.actorId === self || row.actorId === null ? row.ipAddress : null,
        details: row.details,
      }),
    }),
    holding({
      name: 'acts',
      description: 'What the audit log says that you did to other accounts or to the platform, for 400 days; whom it concerned is theirs.',
      read: readEventsBy,
      key: byPosition,
      show: ({ id, name, at, clientId, organizationId, ipAddress }) => ({ id, name, at, clientId, organizationId, ipAddress }),
    }),
    holding({
      name: 'exports',
      description: 'The copies of your data that you asked for, for 30 days.',
      read: readExports,
      key: byId,
    }),
  ],
  erase: async (_ctx, tx: Db, userId, most) => {
    await blankAccessTokens(tx, userId);
    return eraseOwnRows(tx, userId, most);
  },
});
