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
  personalDataDomains,
  personErasures,
  recoveryCodes,
  sessions,
  totpCredentials,
  trustedDevices,
  users,
} from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { erasureLedger } from '@supergraph/platform/erasure-ledger';
import { behind, type Reading } from '@supergraph/platform/personal-data';
import { deleteInOrder } from '@supergraph/platform/tenant-erasure';
import { and, asc, eq, isNotNull, ne, or, sql } from 'drizzle-orm';
import type { AuditRow } from './audit.ts';
import type { User } from './users.ts';

type Page = Pick<Reading, 'tx' | 'userId' | 'after' | 'limit'>;

/** Who holds data of people, and who has erased whose. */
export const ledger = erasureLedger(personalDataDomains, personErasures);

/** The person's account, of which there is one. */
export const readUser = ({ tx, userId, after, limit }: Page): Promise<User[]> =>
  tx
    .select()
    .from(users)
    .where(and(eq(users.id, userId), behind([users.id], after)))
    .limit(limit);

/** Handles that the person gave up. */
export const readHandles = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({ handle: heldHandles.handle, heldUntil: heldHandles.until })
    .from(heldHandles)
    .where(and(eq(heldHandles.userId, userId), behind([heldHandles.handle], after)))
    .orderBy(asc(heldHandles.handle))
    .limit(limit);

/** Addresses that the person had or wanted. */
export const readEmailChanges = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      id: emailChanges.id,
      email: emailChanges.email,
      previousEmail: emailChanges.previousEmail,
      createdAt: emailChanges.createdAt,
      confirmedAt: emailChanges.confirmedAt,
    })
    .from(emailChanges)
    .where(and(eq(emailChanges.userId, userId), behind([emailChanges.id], after)))
    .orderBy(asc(emailChanges.id))
    .limit(limit);

const password = ({ tx, userId }: Page) =>
  tx
    .select({ id: passwords.id, createdAt: passwords.createdAt, changedAt: passwords.changedAt, lastUsedAt: passwords.lastUsedAt })
    .from(passwords)
    .where(eq(passwords.userId, userId));
const apps = ({ tx, userId }: Page) =>
  tx
    .select({
      id: totpCredentials.id,
      label: totpCredentials.label,
      createdAt: totpCredentials.createdAt,
      confirmedAt: totpCredentials.confirmedAt,
      lastUsedAt: totpCredentials.lastUsedAt,
    })
    .from(totpCredentials)
    .where(eq(totpCredentials.userId, userId));
const keys = ({ tx, userId }: Page) =>
  tx
    .select({
      id: passkeys.id,
      label: passkeys.label,
      transports: passkeys.transports,
      backedUp: passkeys.backedUp,
      createdAt: passkeys.createdAt,
      lastUsedAt: passkeys.lastUsedAt,
      disabledAt: passkeys.disabledAt,
    })
    .from(passkeys)
    .where(eq(passkeys.userId, userId));
const codes = ({ tx, userId }: Page) =>
  tx
    .select({ id: recoveryCodes.id, createdAt: recoveryCodes.createdAt, consumedAt: recoveryCodes.consumedAt })
    .from(recoveryCodes)
    .where(eq(recoveryCodes.userId, userId));
const devices = ({ tx, userId }: Page) =>
  tx
    .select({
      id: trustedDevices.id,
      createdAt: trustedDevices.createdAt,
      lastUsedAt: trustedDevices.lastUsedAt,
      expiresAt: trustedDevices.expiresAt,
    })
    .from(trustedDevices)
    .where(eq(trustedDevices.userId, userId));

/** The person's ways in, without anything that opens one; there are few enough to sort them here. */
export async function readCredentials(page: Page): Promise<{ id: string; kind: string }[]> {
  const kinds = [
    ['PASSWORD', password],
    ['TOTP', apps],
    ['PASSKEY', keys],
    ['RECOVERY_CODE', codes],
    ['TRUSTED_DEVICE', devices],
  ] as const;
  const rows: { id: string; kind: string }[] = [];
  for (const [kind, read] of kinds) rows.push(...(await read(page)).map((row) => ({ kind, ...row })));
  return rows
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
    .filter(({ id }) => page.after === null || id > (page.after[0] ?? ''))
    .slice(0, page.limit);
}

/** The person's sessions, those that ended too; of an administrator's in their place, that there was one. */
export const readSessions = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      id: sessions.id,
      actorId: sessions.actorId,
      clientId: sessions.clientId,
      scope: sessions.scope,
      deviceName: sessions.deviceName,
      os: sessions.os,
      browser: sessions.browser,
      ipAddress: sessions.ipAddress,
      methods: sessions.methods,
      organizationId: sessions.organizationId,
      createdAt: sessions.createdAt,
      lastSeenAt: sessions.lastSeenAt,
      expiresAt: sessions.expiresAt,
      endedAt: sessions.endedAt,
      endReason: sessions.endReason,
    })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), behind([sessions.id], after)))
    .orderBy(asc(sessions.id))
    .limit(limit);

/** Sign-ins that were begun lately. */
export const readFlows = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      id: flows.id,
      purpose: flows.purpose,
      status: flows.status,
      proven: flows.proven,
      clientId: flows.clientId,
      createdAt: flows.createdAt,
    })
    .from(flows)
    .where(and(eq(flows.userId, userId), behind([flows.id], after)))
    .orderBy(asc(flows.id))
    .limit(limit);

/** Access tokens of the account, and those that the person made for service accounts; by their public part. */
export const readAccessTokens = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      id: accessTokens.id,
      userId: accessTokens.userId,
      name: accessTokens.name,
      prefix: accessTokens.prefix,
      scopes: accessTokens.scopes,
      organizationId: accessTokens.organizationId,
      createdAt: accessTokens.createdAt,
      expiresAt: accessTokens.expiresAt,
      lastUsedAt: accessTokens.lastUsedAt,
      revokedAt: accessTokens.revokedAt,
    })
    .from(accessTokens)
    .where(and(or(eq(accessTokens.userId, userId), eq(accessTokens.createdById, userId)), behind([accessTokens.id], after)))
    .orderBy(asc(accessTokens.id))
    .limit(limit);

/** Accounts of the person at other providers. */
export const readIdentities = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      id: externalIdentities.id,
      provider: externalIdentities.provider,
      issuer: externalIdentities.issuer,
      subject: externalIdentities.subject,
      label: externalIdentities.label,
      linkedAt: externalIdentities.linkedAt,
      lastUsedAt: externalIdentities.lastUsedAt,
    })
    .from(externalIdentities)
    .where(and(eq(externalIdentities.userId, userId), behind([externalIdentities.id], after)))
    .orderBy(asc(externalIdentities.id))
    .limit(limit);

/** What the person allowed other programs. */
export const readGrants = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      id: appGrants.id,
      clientId: appGrants.clientId,
      scopes: appGrants.scopes,
      organizationId: appGrants.organizationId,
      grantedAt: appGrants.grantedAt,
      lastUsedAt: appGrants.lastUsedAt,
      revokedAt: appGrants.revokedAt,
    })
    .from(appGrants)
    .where(and(eq(appGrants.userId, userId), behind([appGrants.id], after)))
    .orderBy(asc(appGrants.id))
    .limit(limit);

/** Programs that the person registered. */
export const readClients = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      id: oauthClients.id,
      name: oauthClients.name,
      logoUrl: oauthClients.logoUrl,
      type: oauthClients.type,
      redirectUris: oauthClients.redirectUris,
      postLogoutRedirectUris: oauthClients.postLogoutRedirectUris,
      scopes: oauthClients.scopes,
      createdAt: oauthClients.createdAt,
      disabledAt: oauthClients.disabledAt,
    })
    .from(oauthClients)
    .where(and(eq(oauthClients.ownerId, userId), behind([oauthClients.id], after)))
    .orderBy(asc(oauthClients.id))
    .limit(limit);

/** What the audit log says of the person. */
export const readEventsAbout = ({ tx, userId, after, limit }: Page): Promise<AuditRow[]> =>
  tx
    .select()
    .from(auditEvents)
    .where(and(eq(auditEvents.subjectId, userId), behind([auditEvents.position], after)))
    .orderBy(asc(auditEvents.position))
    .limit(limit);

/** What the audit log says that the person did to others, or to the platform. */
export const readEventsBy = ({ tx, userId, after, limit }: Page): Promise<AuditRow[]> =>
  tx
    .select()
    .from(auditEvents)
    .where(
      and(
        eq(auditEvents.actorId, userId),
        or(sql`${auditEvents.subjectId} is distinct from ${userId}`, isNotNull(auditEvents.onBehalfOfId)),
        behind([auditEvents.position], after),
      ),
    )
    .orderBy(asc(auditEvents.position))
    .limit(limit);

/** The copies of their data that the person asked for. */
export const readExports = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      id: dataExports.id,
      status: dataExports.status,
      requestedAt: dataExports.requestedAt,
      readyAt: dataExports.readyAt,
      expiresAt: dataExports.expiresAt,
    })
    .from(dataExports)
    .where(and(eq(dataExports.userId, userId), behind([dataExports.id], after)))
    .orderBy(asc(dataExports.id))
    .limit(limit);

/** Takes the names away that a person gave to access tokens of theirs; that they are refused has to be known for a while. */
export async function blankAccessTokens(tx: Db, userId: string): Promise<void> {
  await tx
    .update(accessTokens)
    .set({ name: '' })
    .where(and(eq(accessTokens.userId, userId), ne(accessTokens.name, '')));
}

/** Deletes about so many rows that are of use to the person alone; whether some may be left. */
export const eraseOwnRows = (tx: Db, userId: string, most: number): Promise<boolean> =>
  deleteInOrder(tx, [appGrants.userId, oauthArtifacts.userId, externalVisits.userId, dataExports.userId], userId, most);
