import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { emit } from '@supergraph/platform/outbox';
import { credentialAdded, credentialRemoved } from '@supergraph/schema/events/accounts';
import type { Context } from '../../context.ts';
import { record } from '../audit.ts';
import { notify } from '../shared.ts';

export type CredentialKind = 'PASSWORD' | 'TOTP' | 'PASSKEY' | 'RECOVERY_CODES' | 'EXTERNAL';

interface Change {
  readonly userId: string;
  readonly credentialId: string;
  readonly kind: CredentialKind;
  readonly reason?: string;
}

/** Tells the person, the other domains and the audit log of a new credential. */
export async function tellAdded(ctx: Context, tx: Db, { userId, credentialId, kind, ...details }: Change): Promise<void> {
  await emit(ctx, tx, outbox, credentialAdded, { userId, kind }, { organizationId: null });
  await notify(ctx, tx, userId, 'CREDENTIAL_CHANGED', `${credentialId}:added`, { credential: kind, change: 'ADDED' });
  await record(ctx, tx, {
    name: 'credential.added',
    actorId: userId,
    subjectId: userId,
    target: credentialId,
    details: { kind, ...details },
  });
}

/** Tells them of one that is gone: removed by the person, or disabled because it may have been copied. */
export async function tellRemoved(
  ctx: Context,
  tx: Db,
  { userId, credentialId, kind, ...details }: Change,
  change: 'REMOVED' | 'DISABLED' = 'REMOVED',
): Promise<void> {
  await emit(ctx, tx, outbox, credentialRemoved, { userId, kind }, { organizationId: null });
  await notify(ctx, tx, userId, 'CREDENTIAL_CHANGED', `${credentialId}:${change.toLowerCase()}`, { credential: kind, change });
  await record(ctx, tx, {
    name: `credential.${change.toLowerCase()}`,
    actorId: change === 'REMOVED' ? userId : null,
    subjectId: userId,
    target: credentialId,
    details: { kind, ...details },
  });
}
