import type { ShownFlow } from './service/sign-in.ts';
import type { PasswordCredential } from './service/people.ts';
import type { Session } from './store/sessions.ts';
import type { User } from './store/users.ts';

export type UserMapper = User;
export type SessionMapper = Session;
export type SignInFlowMapper = ShownFlow;
export type CredentialMapper = PasswordCredential;
export type PasswordCredentialMapper = PasswordCredential;
export type UserSummaryMapper = User;
