import type { Credential } from './service/factors/list.ts';
import type { ShownFlow } from './service/sign-in/flow.ts';
import type { AuditRow } from './store/audit.ts';
import type { RecoverySet, Totp } from './store/factors.ts';
import type { Passkey } from './store/passkeys.ts';
import type { Session } from './store/sessions.ts';
import type { Password, User } from './store/users.ts';

export type AuditEventMapper = AuditRow;
export type UserMapper = User;
export type SessionMapper = Session;
export type SignInFlowMapper = ShownFlow;
export type CredentialMapper = Credential;
export type PasswordCredentialMapper = Password;
export type PasskeyCredentialMapper = Passkey;
export type TotpCredentialMapper = Totp;
export type RecoveryCodesCredentialMapper = RecoverySet;
export type UserSummaryMapper = User;
