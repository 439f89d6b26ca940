import { deadLetterTable, idempotencyTable, inboxTable, outboxTable } from '@supergraph/platform/columns';
import { pgSchema } from 'drizzle-orm/pg-core';

export const accounts = pgSchema('accounts');
export const userKind = accounts.enum('user_kind', ['PERSON', 'SERVICE']);
export const userStatus = accounts.enum('user_status', ['ACTIVE', 'SUSPENDED', 'DELETION_SCHEDULED', 'ERASED']);
export const platformRole = accounts.enum('platform_role', ['USER', 'MODERATOR', 'ADMIN']);
export const flowPurpose = accounts.enum('flow_purpose', ['SIGN_IN', 'STEP_UP']);
export const flowStatus = accounts.enum('flow_status', ['FIRST_FACTOR', 'SECOND_FACTOR', 'COMPLETED', 'FAILED', 'EXPIRED']);
export const authMethod = accounts.enum('auth_method', ['PASSWORD', 'PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EXTERNAL']);
export const keyState = accounts.enum('key_state', ['NEXT', 'ACTIVE', 'RETIRED', 'REMOVED']);
export const linkPurpose = accounts.enum('link_purpose', ['VERIFY', 'RESET', 'CHANGE_EMAIL', 'REVERT_EMAIL']);
export const exportStatus = accounts.enum('export_status', ['PREPARING', 'READY', 'FAILED', 'EXPIRED']);
export const challengePurpose = accounts.enum('challenge_purpose', ['REGISTER', 'PROVE']);
export const policyState = accounts.enum('policy_state', ['DRAFT', 'ACTIVE', 'RETIRED']);
export const externalPurpose = accounts.enum('external_purpose', ['SIGN_IN', 'LINK']);
export const oauthClientType = accounts.enum('oauth_client_type', ['PUBLIC', 'CONFIDENTIAL', 'SERVICE']);

export const outbox = outboxTable(accounts);
export const inbox = inboxTable(accounts);
export const idempotency = idempotencyTable(accounts);
export const deadLetters = deadLetterTable(accounts);
