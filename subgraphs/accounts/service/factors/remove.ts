import type { Db } from '@supergraph/platform/database';
import { conflict, notFound } from '@supergraph/platform/errors';
import { idInput, parseInput } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { countLinked } from '../../store/external.ts';
import { deletePasswordById, deleteRecoveryCodes, deleteTotp, findRecoverySets } from '../../store/factors.ts';
import { deletePasskey, findPasskeys } from '../../store/passkeys.ts';
import { failHalfFlows } from '../../store/sessions.ts';
import { findPasswords, lockUser, type User } from '../../store/users.ts';
import { requireStepUp } from '../step-up.ts';
import { type CredentialKind, tellRemoved } from './tell.ts';

const Remove = z.strictObject({ credentialId: idInput });

/** Removes one of the viewer's credentials, unless nothing would be left to sign in with. */
export async function removeCredential(ctx: Context, input: unknown): Promise<{ removedCredentialId: string; user: User }> {
  const { userId } = await requireStepUp(ctx);
  const { credentialId } = parseInput(Remove, input);
  return ctx.db.transaction(async (tx) => {
    const user = await lockUser(tx, userId);
    const kind = await remove(tx, userId, credentialId);
    if (!user || !kind) throw notFound('Credential');
    if ((await countWaysIn(tx, userId)) === 0)
      throw conflict('this is the last way to sign in; add another one first', { reason: 'LAST_CREDENTIAL' });
    // What was proved with it half-way must not be finished.
    await failHalfFlows(tx, userId);
    await tellRemoved(ctx, tx, { userId, credentialId, kind });
    return { removedCredentialId: credentialId, user };
  });
}

async function remove(tx: Db, userId: string, id: string): Promise<CredentialKind | null> {
  if (await deletePasswordById(tx, userId, id)) return 'PASSWORD';
  if (await deletePasskey(tx, userId, id)) return 'PASSKEY';
  if (await deleteTotp(tx, userId, id)) return 'TOTP';
  const [codes] = await findRecoverySets(tx, [userId]);
  if (codes?.id !== id) return null;
  await deleteRecoveryCodes(tx, userId);
  return 'RECOVERY_CODES';
}

/** How many ways in an account has: authenticator apps, recovery codes and passkeys that only notice a touch open nothing alone. */
export async function countWaysIn(tx: Db, userId: string): Promise<number> {
  const passwords = await findPasswords(tx, [userId]);
  const passkeys = await findPasskeys(tx, [userId]);
  const alone = passkeys.filter(({ verifiesUser }) => verifiesUser);
  return passwords.length + alone.length + (await countLinked(tx, userId));
}
