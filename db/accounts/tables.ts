import { createdAt, deadLetterTable, id, idempotencyTable, inboxTable, moment, outboxTable } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, jsonb, pgSchema, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';

export const accounts = pgSchema('accounts');
export const userKind = accounts.enum('user_kind', ['PERSON', 'SERVICE']);
export const userStatus = accounts.enum('user_status', ['ACTIVE', 'SUSPENDED', 'DELETION_SCHEDULED', 'ERASED']);
export const platformRole = accounts.enum('platform_role', ['USER', 'MODERATOR', 'ADMIN']);
export const flowPurpose = accounts.enum('flow_purpose', ['SIGN_IN', 'STEP_UP']);
export const flowStatus = accounts.enum('flow_status', ['FIRST_FACTOR', 'SECOND_FACTOR', 'COMPLETED', 'FAILED', 'EXPIRED']);
export const authMethod = accounts.enum('auth_method', ['PASSWORD', 'PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EXTERNAL']);
export const keyState = accounts.enum('key_state', ['NEXT', 'ACTIVE', 'RETIRED', 'REMOVED']);
export const linkPurpose = accounts.enum('link_purpose', ['VERIFY', 'RESET']);

export const users = accounts.table(
  'users',
  {
    id: id(),
    kind: userKind().notNull().default('PERSON'),
    /** Lower-case by its alphabet, so it is its own case-folded form. */
    handle: text().notNull(),
    displayName: text().notNull(),
    bio: text(),
    status: userStatus().notNull().default('ACTIVE'),
    /** Always verified: an address that is not yet lives in a registration. */
    email: text(),
    emailFold: text(),
    locale: text(),
    timeZone: text(),
    roles: platformRole().array().notNull().default(['USER']),
    version: integer().notNull().default(1),
    erasesAt: moment(),
    /** What a search looks into. */
    searchText: text()
      .notNull()
      .generatedAlwaysAs(sql`lower(handle || ' ' || display_name)`),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('users_handle').on(table.handle),
    uniqueIndex('users_email_fold').on(table.emailFold),
    index('users_created').on(table.createdAt, table.id),
    index('users_search').using('gin', sql`${table.searchText} gin_trgm_ops`),
    index('users_admins')
      .on(table.id)
      .where(sql`'ADMIN' = any(${table.roles})`),
    index('users_erasing')
      .on(table.erasesAt)
      .where(sql`${table.status} = 'DELETION_SCHEDULED'`),
    check('users_handle_form', sql`${table.handle} ~ '^[a-z0-9_]{3,30}$'`),
  ],
);

/** Given-up handles; without an end for ever. */
export const heldHandles = accounts.table('held_handles', {
  handle: text().primaryKey(),
  /** Who may have it back; nobody once the account is erased. */
  userId: uuid(),
  until: moment(),
});

export const registrations = accounts.table(
  'registrations',
  {
    id: id(),
    email: text().notNull(),
    emailFold: text().notNull(),
    handle: text().notNull(),
    displayName: text().notNull(),
    passwordHash: text().notNull(),
    locale: text(),
    timeZone: text(),
    createdAt: createdAt(),
    expiresAt: moment().notNull(),
  },
  (table) => [index('registrations_email').on(table.emailFold, table.id), index('registrations_expiring').on(table.expiresAt)],
);

/** Links in mails: only the hash of their secret is kept. */
export const secretLinks = accounts.table(
  'secret_links',
  {
    id: id(),
    purpose: linkPurpose().notNull(),
    hash: text().notNull(),
    registrationId: uuid().references(() => registrations.id, { onDelete: 'cascade' }),
    userId: uuid().references(() => users.id),
    createdAt: createdAt(),
    expiresAt: moment().notNull(),
    consumedAt: moment(),
  },
  (table) => [
    uniqueIndex('secret_links_hash').on(table.hash),
    index('secret_links_registration').on(table.registrationId),
    index('secret_links_user').on(table.userId),
    index('secret_links_expiring').on(table.expiresAt),
  ],
);

export const passwords = accounts.table(
  'passwords',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    hash: text().notNull(),
    createdAt: createdAt(),
    changedAt: createdAt(),
    lastUsedAt: moment(),
  },
  (table) => [uniqueIndex('passwords_user').on(table.userId)],
);

export const flows = accounts.table(
  'flows',
  {
    id: id(),
    purpose: flowPurpose().notNull(),
    status: flowStatus().notNull().default('FIRST_FACTOR'),
    /** Null when nobody has the identifier; such a flow goes on like any other and never succeeds. */
    userId: uuid(),
    /** Whom attempts are counted for, known or not. */
    attemptKey: text().notNull(),
    sessionId: uuid(),
    clientId: text().notNull(),
    createdAt: createdAt(),
    expiresAt: moment().notNull(),
  },
  (table) => [index('flows_expiring').on(table.expiresAt), index('flows_user').on(table.userId)],
);

export const sessions = accounts.table(
  'sessions',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    clientId: text().notNull(),
    scope: text().notNull(),
    deviceName: text().notNull(),
    os: text(),
    browser: text(),
    ipAddress: text(),
    methods: authMethod().array().notNull(),
    acr: text().notNull(),
    authTime: moment().notNull(),
    createdAt: createdAt(),
    lastSeenAt: createdAt(),
    expiresAt: moment().notNull(),
    endedAt: moment(),
    endReason: text(),
  },
  (table) => [
    index('sessions_user_page').on(table.userId, table.id),
    index('sessions_ended')
      .on(table.endedAt)
      .where(sql`${table.endedAt} is not null`),
    index('sessions_expiring')
      .on(table.expiresAt)
      .where(sql`${table.endedAt} is null`),
  ],
);

export const refreshTokens = accounts.table(
  'refresh_tokens',
  {
    id: id(),
    sessionId: uuid()
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    hash: text().notNull(),
    createdAt: createdAt(),
    idleUntil: moment().notNull(),
    consumedAt: moment(),
    successorHash: text(),
    /** The successor, readable only with the consumed token itself: it is what a lost answer is repeated from. */
    sealedSuccessor: text(),
  },
  (table) => [uniqueIndex('refresh_tokens_hash').on(table.hash), index('refresh_tokens_session').on(table.sessionId)],
);

/** Failed attempts, by account and by source network. */
export const attemptCounters = accounts.table(
  'attempt_counters',
  {
    key: text().primaryKey(),
    failures: integer().notNull(),
    windowStartedAt: moment().notNull(),
    closedUntil: moment(),
    updatedAt: moment().notNull(),
  },
  (table) => [index('attempt_counters_updated').on(table.updatedAt)],
);

export const signingKeys = accounts.table(
  'signing_keys',
  {
    kid: text().primaryKey(),
    algorithm: text().notNull(),
    state: keyState().notNull(),
    publicJwk: jsonb().$type<Record<string, unknown>>().notNull(),
    sealedPrivateKey: text().notNull(),
    createdAt: createdAt(),
    activeFrom: moment(),
    removeAfter: moment(),
  },
  (table) => [
    uniqueIndex('signing_keys_one_active')
      .on(table.state)
      .where(sql`${table.state} = 'ACTIVE'`),
  ],
);

/** The service's role may insert and read, nothing else: the migration takes the other rights away. */
export const auditEvents = accounts.table(
  'audit_events',
  {
    id: id(),
    /** Rises in the order of the chain. */
    position: bigint({ mode: 'number' }).notNull(),
    name: text().notNull(),
    at: moment().notNull(),
    actorId: uuid(),
    onBehalfOfId: uuid(),
    clientId: text(),
    organizationId: uuid(),
    target: text(),
    ipAddress: text(),
    details: jsonb().$type<Record<string, unknown>>().notNull(),
    previousHash: text().notNull(),
    hash: text().notNull(),
  },
  (table) => [
    uniqueIndex('audit_events_position').on(table.position),
    index('audit_events_actor').on(table.actorId, table.id),
    index('audit_events_target').on(table.target, table.id),
  ],
);

/** Mails with a secret link, encrypted until they are sent and emptied then. */
export const mailQueue = accounts.table(
  'mail_queue',
  {
    id: id(),
    sealed: text(),
    attempts: integer().notNull().default(0),
    createdAt: createdAt(),
    giveUpAt: moment().notNull(),
    sentAt: moment(),
  },
  (table) => [
    index('mail_queue_waiting')
      .on(table.id)
      .where(sql`${table.sealed} is not null`),
  ],
);

export const outbox = outboxTable(accounts);
export const inbox = inboxTable(accounts);
export const idempotency = idempotencyTable(accounts);
export const deadLetters = deadLetterTable(accounts);
