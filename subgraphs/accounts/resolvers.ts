import { canSeePersonal, statusFor } from './policy.ts';
import type { CompleteResolvers } from './schema.types.ts';
import { reinstateUser, setUserRoles, suspendUser } from './service/administration.ts';
import { createAccessToken } from './service/access-tokens/create.ts';
import { findToken, findTokenContext, pageOfTokens, revokeAccessToken, revokedTokens } from './service/access-tokens/manage.ts';
import { auditEvents, securityEvents, shownAddress, verifyAuditChain } from './service/audit-log/read.ts';
import { type SecurityEdge, watchSecurityEvents } from './service/audit-log/watch.ts';
import { cancelAccountDeletion, scheduleAccountDeletion } from './service/deletion.ts';
import { fileName, linkTo } from './service/exports/download.ts';
import { dataExportsOf, filesOf, findOwnExport, requestDataExport, statusOf } from './service/exports/request.ts';
import { erasureOf } from './service/erasures.ts';
import { identitiesOf, startExternalLink, unlinkExternalIdentity } from './service/external/identities.ts';
import { externalProviders } from './service/external/providers.ts';
import { credentialsOf, mfaEnabled } from './service/factors/list.ts';
import { finishPasskeyRegistration, startPasskeyRegistration } from './service/factors/passkeys.ts';
import { generateRecoveryCodes } from './service/factors/recovery-codes.ts';
import { removeCredential } from './service/factors/remove.ts';
import { confirmTotpEnrollment, startTotpEnrollment } from './service/factors/totp.ts';
import { findByHandle, findUser, findViewer, pageOfUsers, userByEmail, userSummaries } from './service/people.ts';
import { activatePolicy, activePolicies, pageOfPolicies, retirePolicy, savePolicy } from './service/policies/manage.ts';
import { simulateAccess } from './service/policies/simulate.ts';
import { changeProfile } from './service/profile.ts';
import { changePassword, requestPasswordReset, resetPassword } from './service/recovery.ts';
import { startImpersonation } from './service/impersonation.ts';
import { isProven } from './service/step-up.ts';
import { authorizedApps, revokeAppGrant } from './service/oauth/app-grants.ts';
import { changeOAuthClient, createOAuthClient, pageOfClients, requireClient, rotateClientSecret } from './service/oauth/clients.ts';
import { allScopes, approveInteraction, denyInteraction, findInteraction, organizationChoices } from './service/oauth/interactions.ts';
import { refreshSession } from './service/refresh.ts';
import { resendVerification, signUp, verifyEmail } from './service/registration.ts';
import {
  type EndOfSession,
  endedSessions,
  findSession,
  pageOfSessions,
  revokeOtherSessions,
  revokeSession,
  trustedUntil,
  watchSessionEnd,
} from './service/sessions.ts';
import { changeEmail, pendingEmail, revertEmailChange } from './service/email-change.ts';
import { createServiceAccount } from './service/service-accounts.ts';
import { findShownFlow, startSignIn } from './service/sign-in/flow.ts';
import { continueSignIn } from './service/sign-in/proceed.ts';
import { publicKeySet, rotateSigningKey, signingKeys } from './service/signing-keys.ts';

export const resolvers: CompleteResolvers = {
  Query: {
    viewer: (_, _args, ctx) => findViewer(ctx),
    user: (_, { id }, ctx) => findUser(ctx, id),
    userByHandle: (_, { handle }, ctx) => findByHandle(ctx, handle),
    users: (_, args, ctx) => pageOfUsers(ctx, args),
    signInFlow: (_, { id }, ctx) => findShownFlow(ctx, id),
    oauthInteraction: (_, { id }, ctx) => findInteraction(ctx, id),
    oauthClients: (_, args, ctx) => pageOfClients(ctx, args),
    externalProviders: (_, _args, ctx) => externalProviders(ctx),
    scopes: () => allScopes(),
    policies: (_, args, ctx) => pageOfPolicies(ctx, args),
    simulateAccess: (_, { input }, ctx) => simulateAccess(ctx, input),
    activePolicies: (_, _args, ctx) => activePolicies(ctx),
    auditEvents: (_, args, ctx) => auditEvents(ctx, args),
    verifyAuditChain: (_, args, ctx) => verifyAuditChain(ctx, args),
    signingKeys: (_, _args, ctx) => signingKeys(ctx),
    signingKeySet: (_, _args, ctx) => publicKeySet(ctx),
    endedSessions: (_, { since }, ctx) => endedSessions(ctx, since),
    accessTokenContext: (_, { hash }, ctx) => findTokenContext(ctx, hash),
    revokedAccessTokens: (_, { since }, ctx) => revokedTokens(ctx, since),
    userSummaries: (_, { ids }, ctx) => userSummaries(ctx, ids),
    isProven: (_, claimed, ctx) => isProven(ctx, claimed),
    userByEmail: (_, { email }, ctx) => userByEmail(ctx, email),
    dataExport: (_, { id }, ctx) => findOwnExport(ctx, id),
  },
  Mutation: {
    signUp: (_, { input }, ctx) => signUp(ctx, input),
    resendVerification: (_, { input }, ctx) => resendVerification(ctx, input),
    verifyEmail: async (_, { input }, ctx) => ({ user: await verifyEmail(ctx, input) }),
    startSignIn: async (_, { input }, ctx) => ({ flow: await startSignIn(ctx, input) }),
    continueSignIn: async (_, { input }, ctx) => ({ flow: await continueSignIn(ctx, input) }),
    refreshSession: async (_, { input }, ctx) => ({ tokens: await refreshSession(ctx, input) }),
    requestPasswordReset: (_, { input }, ctx) => requestPasswordReset(ctx, input),
    resetPassword: async (_, { input }, ctx) => ({ user: await resetPassword(ctx, input) }),
    startTotpEnrollment: (_, { input }, ctx) => startTotpEnrollment(ctx, input),
    confirmTotpEnrollment: (_, { input }, ctx) => confirmTotpEnrollment(ctx, input),
    startPasskeyRegistration: async (_, { input }, ctx) => ({ options: await startPasskeyRegistration(ctx, input) }),
    finishPasskeyRegistration: (_, { input }, ctx) => finishPasskeyRegistration(ctx, input),
    generateRecoveryCodes: (_, { input }, ctx) => generateRecoveryCodes(ctx, input),
    removeCredential: (_, { input }, ctx) => removeCredential(ctx, input),
    updateProfile: async (_, { input }, ctx) => ({ user: await changeProfile(ctx, input) }),
    changeEmail: async (_, { input }, ctx) => ({ user: await changeEmail(ctx, input) }),
    revertEmailChange: async (_, { input }, ctx) => ({ user: await revertEmailChange(ctx, input) }),
    changePassword: async (_, { input }, ctx) => ({ user: await changePassword(ctx, input) }),
    createAccessToken: (_, { input }, ctx) => createAccessToken(ctx, input),
    revokeAccessToken: async (_, { input }, ctx) => ({ revokedAccessTokenId: await revokeAccessToken(ctx, input) }),
    approveInteraction: (_, { input }, ctx) => approveInteraction(ctx, input),
    denyInteraction: (_, { input }, ctx) => denyInteraction(ctx, input),
    startExternalLink: (_, { input }, ctx) => startExternalLink(ctx, input),
    unlinkExternalIdentity: (_, { input }, ctx) => unlinkExternalIdentity(ctx, input),
    revokeAppGrant: async (_, { input }, ctx) => ({ revokedAppGrantId: await revokeAppGrant(ctx, input) }),
    createOAuthClient: (_, { input }, ctx) => createOAuthClient(ctx, input),
    updateOAuthClient: async (_, { input }, ctx) => ({ client: await changeOAuthClient(ctx, input) }),
    rotateClientSecret: (_, { input }, ctx) => rotateClientSecret(ctx, input),
    createServiceAccount: async (_, { input }, ctx) => ({ user: await createServiceAccount(ctx, input) }),
    revokeSession: async (_, { input }, ctx) => ({ endedSessionId: await revokeSession(ctx, input) }),
    revokeOtherSessions: async (_, { input }, ctx) => ({ endedCount: await revokeOtherSessions(ctx, input) }),
    scheduleAccountDeletion: (_, { input }, ctx) => scheduleAccountDeletion(ctx, input),
    cancelAccountDeletion: async (_, { input }, ctx) => ({ user: await cancelAccountDeletion(ctx, input) }),
    requestDataExport: async (_, { input }, ctx) => ({ dataExport: await requestDataExport(ctx, input) }),
    suspendUser: async (_, { input }, ctx) => ({ user: await suspendUser(ctx, input) }),
    reinstateUser: async (_, { input }, ctx) => ({ user: await reinstateUser(ctx, input) }),
    startImpersonation: async (_, { input }, ctx) => ({ tokens: await startImpersonation(ctx, input) }),
    rotateSigningKey: async (_, { input }, ctx) => ({ signingKeys: await rotateSigningKey(ctx, input) }),
    savePolicy: async (_, { input }, ctx) => ({ policy: await savePolicy(ctx, input) }),
    activatePolicy: async (_, { input }, ctx) => ({ policy: await activatePolicy(ctx, input) }),
    retirePolicy: async (_, { input }, ctx) => ({ policy: await retirePolicy(ctx, input) }),
    setUserRoles: async (_, { input }, ctx) => ({ user: await setUserRoles(ctx, input) }),
  },
  Subscription: {
    sessionEnded: { subscribe: (_, _args, ctx) => watchSessionEnd(ctx), resolve: (end: EndOfSession) => end },
    securityEventAdded: {
      subscribe: (_, { after }, ctx) => watchSecurityEvents(ctx, after),
      resolve: (edge: SecurityEdge) => edge,
    },
  },
  User: {
    __resolveReference: ({ id }, ctx) => findUser(ctx, id),
    status: (user, _args, ctx) => statusFor(ctx.viewer, user),
    email: (user, _args, ctx) => (canSeePersonal(ctx.viewer, user.id) ? user.email : null),
    pendingEmail: (user, _args, ctx) => pendingEmail(ctx, user.id),
    locale: (user, _args, ctx) => (canSeePersonal(ctx.viewer, user.id) ? user.locale : null),
    timeZone: (user, _args, ctx) => (canSeePersonal(ctx.viewer, user.id) ? user.timeZone : null),
    roles: (user, _args, ctx) => (canSeePersonal(ctx.viewer, user.id) ? user.roles : null),
    mfaEnabled: (user, _args, ctx) => mfaEnabled(ctx, user.id),
    credentials: (user, _args, ctx) => credentialsOf(ctx, user.id),
    externalIdentities: async (user, _args, ctx) => (await identitiesOf(ctx, user.id))?.slice() ?? null,
    authorizedApps: async (user, _args, ctx) => (await authorizedApps(ctx, user.id))?.slice() ?? null,
    sessions: (user, args, ctx) => pageOfSessions(ctx, user.id, args),
    accessTokens: (user, args, ctx) => pageOfTokens(ctx, user.id, args),
    securityEvents: (user, args, ctx) => securityEvents(ctx, user.id, args),
    erasure: (user, _args, ctx) => erasureOf(ctx, user),
    dataExports: (user, _args, ctx) => dataExportsOf(ctx, user.id),
  },
  Session: {
    __resolveReference: ({ id }, ctx) => findSession(ctx, id),
    client: ({ clientId }, _args, ctx) => ctx.loaders.oauthClientById.load(clientId),
    current: (session, _args, ctx) => session.id === ctx.viewer?.sessionId,
    device: ({ deviceName, os, browser }) => ({ name: deviceName, os, browser }),
    trustedUntil: (session, _args, ctx) => trustedUntil(ctx, session),
  },
  AccessToken: {
    __resolveReference: ({ id }, ctx) => findToken(ctx, id),
    organization: ({ organizationId }) => (organizationId ? { id: organizationId } : null),
  },
  AccessTokenContext: {
    id: ({ token }) => token.id,
    userId: ({ user }) => user.id,
    kind: ({ user }) => user.kind,
    scopes: ({ token }) => token.scopes,
    organizationId: ({ token }) => token.organizationId,
    acr: ({ token }) => token.acr,
    expiresAt: ({ token }) => token.expiresAt,
    locale: ({ user }) => user.locale,
    timeZone: ({ user }) => user.timeZone,
  },
  AuditEvent: {
    actor: ({ actorId }, _args, ctx) => (actorId ? findUser(ctx, actorId) : null),
    onBehalfOf: ({ onBehalfOfId }, _args, ctx) => (onBehalfOfId ? findUser(ctx, onBehalfOfId) : null),
    client: ({ clientId }, _args, ctx) => (clientId ? ctx.loaders.oauthClientById.load(clientId) : null),
    organization: ({ organizationId }) => (organizationId ? { id: organizationId } : null),
    ipAddress: (entry, _args, ctx) => shownAddress(ctx, entry),
  },
  OAuthClient: {
    __resolveReference: ({ id }, ctx) => ctx.loaders.oauthClientById.load(id),
    enabled: ({ disabledAt }) => disabledAt === null,
  },
  Policy: { __resolveReference: ({ id }, ctx) => ctx.loaders.policyById.load(id) },
  AppGrant: {
    client: ({ clientId }, _args, ctx) => requireClient(ctx, clientId),
    organization: ({ organizationId }) => (organizationId ? { id: organizationId } : null),
  },
  ExternalIdentity: {
    provider: ({ provider }, _args, ctx) => ctx.settings.externalProviders.get(provider)?.name ?? provider,
    subjectLabel: ({ label }) => label,
  },
  OAuthInteraction: { organizationChoices: (_interaction, _args, ctx) => organizationChoices(ctx) },
  TokenSet: { idToken: ({ idToken }) => idToken() },
  SignInFlow: { passkeyOptions: (flow) => flow.passkeyOptions() },
  DataExport: {
    status: (found, _args, ctx) => statusOf(ctx, found),
    files: (found, _args, ctx) => filesOf(ctx, found),
  },
  DataExportFile: {
    name: (file) => fileName(file),
    url: (file, _args, ctx) => linkTo(ctx, file),
  },
  PasswordCredential: { label: () => 'Password' },
  TotpCredential: { createdAt: ({ confirmedAt, createdAt }) => confirmedAt ?? createdAt },
  RecoveryCodesCredential: { label: () => 'Recovery codes' },
};
