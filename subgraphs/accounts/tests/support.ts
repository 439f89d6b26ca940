import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Viewer } from '@supergraph/platform/context';
import { person, type RunResult, type TestSubgraph } from '@supergraph/platform/testing';
import { decodeJwt } from 'jose';

export const password = 'seven quiet herons wade';
export const documents = {
  signUp: 'mutation ($input: SignUpInput!) { signUp(input: $input) { emailSentTo } }',
  resend: 'mutation ($input: ResendVerificationInput!) { resendVerification(input: $input) { emailSentTo } }',
  verify: 'mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { user { id handle displayName version } } }',
  start:
    'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id purpose status nextSteps passkeyOptions expiresAt tokens { accessToken } } } }',
  proceed:
    'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { id status nextSteps passkeyOptions deviceToken tokens { accessToken tokenType expiresIn refreshToken scope } } } }',
  flow: 'query ($id: ID!) { signInFlow(id: $id) { status nextSteps passkeyOptions tokens { accessToken } } }',
  startTotp: 'mutation ($input: StartTotpEnrollmentInput!) { startTotpEnrollment(input: $input) { enrollmentId secret otpauthUri } }',
  confirmTotp:
    'mutation ($input: ConfirmTotpEnrollmentInput!) { confirmTotpEnrollment(input: $input) { credential { id label lastUsedAt } user { mfaEnabled } } }',
  startPasskey: 'mutation ($input: StartPasskeyRegistrationInput!) { startPasskeyRegistration(input: $input) { options } }',
  finishPasskey:
    'mutation ($input: FinishPasskeyRegistrationInput!) { finishPasskeyRegistration(input: $input) { credential { id label backedUp transports } user { mfaEnabled } } }',
  generateCodes:
    'mutation ($input: GenerateRecoveryCodesInput!) { generateRecoveryCodes(input: $input) { codes credential { id label remaining } } }',
  remove: 'mutation ($input: RemoveCredentialInput!) { removeCredential(input: $input) { removedCredentialId user { mfaEnabled } } }',
  credentials:
    '{ viewer { mfaEnabled credentials { __typename id label lastUsedAt ... on RecoveryCodesCredential { remaining } ... on PasskeyCredential { backedUp transports } } } }',
  createToken:
    'mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { secret accessToken { id name prefix scopes expiresAt lastUsedAt organization { id } } } }',
  revokeToken: 'mutation ($input: RevokeAccessTokenInput!) { revokeAccessToken(input: $input) { revokedAccessTokenId } }',
  createService:
    'mutation ($input: CreateServiceAccountInput!) { createServiceAccount(input: $input) { user { id kind handle displayName roles } } }',
  tokens:
    'query ($id: ID!, $first: Int, $after: String) { user(id: $id) { accessTokens(first: $first, after: $after) { nodes { id name lastUsedAt } totalCount pageInfo { hasNextPage endCursor } } } }',
  changeEmail: 'mutation ($input: ChangeEmailInput!) { changeEmail(input: $input) { user { email pendingEmail } } }',
  revertEmail: 'mutation ($input: RevertEmailChangeInput!) { revertEmailChange(input: $input) { user { id } } }',
  impersonate:
    'mutation ($input: StartImpersonationInput!) { startImpersonation(input: $input) { tokens { accessToken expiresIn refreshToken idToken scope } } }',
  rotateKey:
    'mutation ($input: RotateSigningKeyInput!) { rotateSigningKey(input: $input) { signingKeys { kid algorithm state activeFrom removeAfter } } }',
  refresh: 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { tokens { accessToken refreshToken scope } } }',
  requestReset: 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { emailSentTo } }',
  reset: 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { user { id } } }',
  update:
    'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { handle displayName bio locale timeZone version } } }',
  changePassword: 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { user { id } } }',
  revoke: 'mutation ($input: RevokeSessionInput!) { revokeSession(input: $input) { endedSessionId } }',
  revokeOthers: 'mutation ($input: RevokeOtherSessionsInput!) { revokeOtherSessions(input: $input) { endedCount } }',
  scheduleDeletion:
    'mutation ($input: ScheduleAccountDeletionInput!) { scheduleAccountDeletion(input: $input) { user { status } erasesAt } }',
  cancelDeletion: 'mutation ($input: CancelAccountDeletionInput!) { cancelAccountDeletion(input: $input) { user { status } } }',
  suspend: 'mutation ($input: SuspendUserInput!) { suspendUser(input: $input) { user { id status } } }',
  reinstate: 'mutation ($input: ReinstateUserInput!) { reinstateUser(input: $input) { user { id status } } }',
  setRoles: 'mutation ($input: SetUserRolesInput!) { setUserRoles(input: $input) { user { id roles } } }',
  viewer:
    '{ viewer { id handle email roles locale mfaEnabled status credentials { id label ... on PasswordCredential { changedAt } } sessions { nodes { id current methods device { name os browser } } totalCount } } }',
};

export interface Captured {
  readonly to: string;
  readonly subject: string;
  readonly token: string | undefined;
  readonly text: string;
}

/** The mails that were sent, oldest first; the plain part with soft line breaks taken out. */
export function readMails(dataDirectory: string): Captured[] {
  const folder = join(dataDirectory, 'mail');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.eml'))
    .toSorted()
    .map((name) => {
      const raw = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n').replaceAll('=\n', '').replaceAll('=3D', '=');
      return {
        to: /^To: (.+)$/m.exec(raw)?.[1] ?? '',
        subject: /^Subject: (.+)$/m.exec(raw)?.[1] ?? '',
        token: /token=([\w-]{43})/.exec(raw)?.[1],
        text: raw,
      };
    });
}

/** How several answers ended, the refused ones first: by their reason, else their code. */
export const outcomesOf = (answers: readonly RunResult[]): string[] =>
  answers.map(({ codes, reasons }) => (reasons[0] ?? codes[0] ?? 'done') as string).toSorted((a, b) => (a < b ? -1 : 1));

/** What a test does again and again, in the words of a person. */
export function people({ run, settle, settings }: Pick<TestSubgraph, 'run' | 'settle' | 'settings'>) {
  const mailsTo = async (email: string) => {
    await settle();
    return readMails(settings.dataDirectory).filter(({ to }) => to.toLowerCase() === email.toLowerCase());
  };
  const latestToken = async (email: string) => (await mailsTo(email)).findLast(({ token }) => token)?.token ?? '';
  const signUp = (handle: string, more: object = {}) =>
    run(documents.signUp, { as: null, input: { email: `${handle}@example.org`, password, displayName: `The ${handle}`, handle, ...more } });
  const register = async (handle: string, more: object = {}) => {
    await signUp(handle, more);
    const { data } = await run(documents.verify, { as: null, input: { token: await latestToken(`${handle}@example.org`) } });
    return data.verifyEmail.user as { id: string; handle: string; version: number };
  };
  const attempt = async (identifier: string, secret = password, more: object = {}) => {
    const { data } = await run(documents.start, { as: null, input: { identifier } });
    return run(documents.proceed, { as: null, input: { flowId: data.startSignIn.flow.id, password: secret, ...more } });
  };
  const signIn = async (identifier: string, secret = password) => {
    const { data } = await attempt(identifier, secret);
    const tokens = data.continueSignIn.flow.tokens as { accessToken: string; refreshToken: string };
    return { ...tokens, as: viewerOf(tokens.accessToken) };
  };
  return { mailsTo, latestToken, signUp, register, attempt, signIn };
}

/** The viewer whom the gateway would make of an access token. */
export function viewerOf(accessToken: string): Viewer {
  const claims = decodeJwt(accessToken) as Record<string, any>;
  return person({
    userId: claims['sub'],
    sessionId: claims['sid'],
    clientId: claims['client_id'],
    roles: claims['roles'],
    authTime: claims['auth_time'],
    acr: claims['acr'],
    amr: claims['amr'],
    actorId: claims['act']?.sub ?? null,
  });
}
