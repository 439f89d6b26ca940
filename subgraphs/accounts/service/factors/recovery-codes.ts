import { randomInt } from 'node:crypto';
import type { Db } from '@supergraph/platform/database';
import { optional, parseInput } from '@supergraph/platform/input';
import { v7 } from 'uuid';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { fingerprint } from '../../secrets.ts';
import { consumeRecoveryCode, findRecoverySets, type RecoverySet, replaceRecoveryCodes } from '../../store/factors.ts';
import { lockUser } from '../../store/users.ts';
import { noLongerValid, notify, reasonText } from '../shared.ts';
import { requireStepUp } from '../step-up.ts';
import { tellAdded } from './tell.ts';

const codesMade = 10;
const warnedAt = 2;
/** Crockford's alphabet: no letter that reads like a digit. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const groups = 4;
const groupLength = 4;

const Generate = z.strictObject({ reason: optional(reasonText) });

const makeCode = (): string =>
  Array.from({ length: groups }, () => Array.from({ length: groupLength }, () => alphabet[randomInt(alphabet.length)]).join('')).join('-');

/** A code as people may write it: in any case, with or without dashes, O for 0, I or L for 1. */
export const normalCode = (code: string): string => code.toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1');

// Keyed, because 80 bits of a copied table could be tried one by one.
const hashOfCode = (ctx: Context, userId: string, code: string): string =>
  fingerprint(ctx.settings.internalKey, `recovery:${userId}:${normalCode(code)}`);

/** Makes new recovery codes, shown once; older ones are void. */
export async function generateRecoveryCodes(ctx: Context, input: unknown): Promise<{ codes: string[]; credential: RecoverySet }> {
  const { userId } = await requireStepUp(ctx);
  const { reason } = parseInput(Generate, input);
  const codes = Array.from({ length: codesMade }, makeCode);
  const id = v7();
  return ctx.db.transaction(async (tx) => {
    if (!(await lockUser(tx, userId))) throw noLongerValid('account');
    const now = ctx.now();
    const hashes = codes.map((code) => hashOfCode(ctx, userId, code));
    await replaceRecoveryCodes(tx, userId, id, hashes, now);
    await tellAdded(ctx, tx, { userId, credentialId: id, kind: 'RECOVERY_CODES', ...(reason ? { reason } : {}) });
    return { codes, credential: { id, userId, createdAt: now, lastUsedAt: null, remaining: codesMade } };
  });
}

/** Uses one of an account's codes up and tells the person; false when it is none, or used. */
export async function useRecoveryCode(ctx: Context, tx: Db, userId: string, code: string): Promise<boolean> {
  if (!(await consumeRecoveryCode(tx, userId, hashOfCode(ctx, userId, code), ctx.now()))) return false;
  const [set] = await findRecoverySets(tx, [userId]);
  const remaining = set?.remaining ?? 0;
  const fact = `${set?.id}:${remaining}`;
  await notify(ctx, tx, userId, 'CREDENTIAL_CHANGED', `${fact}:used`, { credential: 'RECOVERY_CODE', change: 'USED', remaining });
  if (remaining === warnedAt)
    await notify(ctx, tx, userId, 'CREDENTIAL_CHANGED', `${fact}:few`, {
      credential: 'RECOVERY_CODES',
      change: 'NEARLY_USED_UP',
      remaining,
    });
  return true;
}
