import { createdAt, id, moment } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { boolean, index, integer, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { trustedDevices } from './credentials.ts';
import { users } from './people.ts';
import { accounts, authMethod, challengePurpose, flowPurpose, flowStatus } from './schema.ts';

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
    /** Nobody was named: whoever's passkey answers signs in. */
    isOpen: boolean().notNull().default(false),
    /** The trusted device that began it. */
    deviceId: uuid(),
    /** What was proved so far. */
    proven: authMethod().array().notNull().default([]),
    /** Second proofs that were tried. */
    secondAttempts: integer().notNull().default(0),
    sessionId: uuid(),
    clientId: text().notNull(),
    /** The OAuth interaction that waits for it; kept by its hash. */
    interactionHash: text(),
    createdAt: createdAt(),
    expiresAt: moment().notNull(),
  },
  (table) => [index('flows_expiring').on(table.expiresAt), index('flows_user').on(table.userId)],
);

/** What authenticators sign; each is used once, by a wrong answer too. */
export const webauthnChallenges = accounts.table(
  'webauthn_challenges',
  {
    id: id(),
    purpose: challengePurpose().notNull(),
    challenge: text().notNull(),
    flowId: uuid().references(() => flows.id, { onDelete: 'cascade' }),
    userId: uuid(),
    sessionId: uuid(),
    createdAt: createdAt(),
    expiresAt: moment().notNull(),
    consumedAt: moment(),
  },
  (table) => [
    uniqueIndex('webauthn_challenges_challenge').on(table.challenge),
    index('webauthn_challenges_flow').on(table.flowId),
    index('webauthn_challenges_expiring').on(table.expiresAt),
  ],
);

export const sessions = accounts.table(
  'sessions',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    /** The administrator who acts as the person; null for the person's own. */
    actorId: uuid(),
    clientId: text().notNull(),
    scope: text().notNull(),
    deviceName: text().notNull(),
    os: text(),
    browser: text(),
    ipAddress: text(),
    methods: authMethod().array().notNull(),
    acr: text().notNull(),
    authTime: moment().notNull(),
    /** The trusted device that it runs on. */
    deviceId: uuid().references(() => trustedDevices.id, { onDelete: 'set null' }),
    /** The OAuth grant that it began with; null for sessions of the graph's own sign-in. */
    grantId: text(),
    /** The one organization in which it works. */
    organizationId: uuid(),
    /** The thumbprint of the key that its refresh tokens are bound to (RFC 9449). */
    boundKey: text(),
    createdAt: createdAt(),
    lastSeenAt: createdAt(),
    expiresAt: moment().notNull(),
    endedAt: moment(),
    endReason: text(),
  },
  (table) => [
    index('sessions_user_page').on(table.userId, table.id),
    uniqueIndex('sessions_grant')
      .on(table.grantId)
      .where(sql`${table.grantId} is not null`),
    index('sessions_client')
      .on(table.clientId, table.userId)
      .where(sql`${table.endedAt} is null and ${table.grantId} is not null`),
    index('sessions_organization')
      .on(table.organizationId)
      .where(sql`${table.organizationId} is not null and ${table.endedAt} is null`),
    index('sessions_device')
      .on(table.deviceId)
      .where(sql`${table.deviceId} is not null`),
    index('sessions_actor')
      .on(table.actorId)
      .where(sql`${table.actorId} is not null and ${table.endedAt} is null`),
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
