import { outbox } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { defineWorker } from '@supergraph/platform/workers';
import { signingKeyRotated } from '@supergraph/schema/events/accounts';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { seal } from '../secrets.ts';
import {
  findActiveKey,
  findKey,
  insertSigningKey,
  listPublishedKeys,
  listSigningKeys,
  removeOldKeys,
  type SigningKey,
  updateSigningKey,
} from '../store/signing-keys.ts';
import { lockFor } from '../store/records.ts';
import { record } from './audit.ts';
import { minuteMs } from './shared.ts';
import { algorithm, keyPurpose, longestTokenSeconds } from './tokens.ts';

/** Beyond the life of the last token: clocks differ, and whoever signed while the key was retired has committed by then. */
const spareMs = 5 * minuteMs;

const Rotate = z.strictObject({
  emergency: z
    .boolean()
    .nullish()
    .transform((emergency) => emergency ?? false),
});

type Keeper = Pick<Context, 'db' | 'settings' | 'now'>;

/** Makes the first signing key, once, however many processes start together. */
export async function ensureSigningKey(ctx: Keeper): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await lockKeys(tx);
    if (!(await findActiveKey(tx))) await makeKey(ctx, tx, 'ACTIVE');
  });
}

const lockKeys = (tx: Db): Promise<void> => lockFor(tx, 'signing-keys');

/** The private key is encrypted; verifiers get the public one. */
async function makeKey(ctx: Keeper, tx: Db, state: 'NEXT' | 'ACTIVE'): Promise<SigningKey> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const now = ctx.now();
  return insertSigningKey(tx, {
    kid,
    algorithm,
    state,
    publicJwk: { ...publicJwk, kid, alg: algorithm, use: 'sig' },
    sealedPrivateKey: seal(ctx.settings.internalKey, keyPurpose, JSON.stringify(await exportJWK(pair.privateKey))),
    createdAt: now,
    activeFrom: state === 'ACTIVE' ? now : new Date(now.getTime() + ctx.settings.signingKeyLeadSeconds * 1_000),
  });
}

/** The public keys, as verifiers want them. */
export async function publicKeySet(ctx: Context): Promise<{ keys: JWK[] }> {
  const keys = await listPublishedKeys(ctx.db);
  return { keys: keys.map(({ publicJwk }) => publicJwk as JWK) };
}

/** All keys, those that are removed too, newest first; for administrators. */
export const signingKeys = (ctx: Context): Promise<SigningKey[]> => listSigningKeys(ctx.db);

/** Publishes the next key, which signs once it has been known for long enough; in an emergency the present one is removed at once. */
export async function rotateSigningKey(ctx: Context, input: unknown): Promise<SigningKey[]> {
  const { emergency } = parseInput(Rotate, input);
  return ctx.db.transaction(async (tx) => {
    await lockKeys(tx);
    const made = emergency ? await replaceAtOnce(ctx, tx) : await prepareNext(ctx, tx);
    await record(ctx, tx, { name: 'signing_key.rotated', subjectId: null, target: made.kid, details: { emergency } });
    return listSigningKeys(tx);
  });
}

async function prepareNext(ctx: Context, tx: Db): Promise<SigningKey> {
  const next = (await findKey(tx, 'NEXT')) ?? (await makeKey(ctx, tx, 'NEXT'));
  return (await activateIfDue(ctx, tx, next)) ?? next;
}

/** A key that may be in foreign hands signs nothing more, and what it signed is refused; the one that waited is given up with it. */
async function replaceAtOnce(ctx: Context, tx: Db): Promise<SigningKey> {
  for (const key of [await findActiveKey(tx), await findKey(tx, 'NEXT')]) if (key) await remove(tx, key.kid, ctx.now());
  const made = await makeKey(ctx, tx, 'ACTIVE');
  await tell(ctx, tx, made.kid, true);
  return made;
}

const remove = (tx: Db, kid: string, now: Date): Promise<void> =>
  updateSigningKey(tx, kid, { state: 'REMOVED', removeAfter: now, sealedPrivateKey: '' });

async function activateIfDue(ctx: Context, tx: Db, next: SigningKey): Promise<SigningKey | null> {
  const now = ctx.now();
  if (!next.activeFrom || next.activeFrom > now) return null;
  const active = await findActiveKey(tx);
  const removeAfter = new Date(now.getTime() + longestTokenSeconds * 1_000 + spareMs);
  if (active) await updateSigningKey(tx, active.kid, { state: 'RETIRED', removeAfter });
  await updateSigningKey(tx, next.kid, { state: 'ACTIVE', activeFrom: now });
  await tell(ctx, tx, next.kid, false);
  return next;
}

const tell = (ctx: Context, tx: Db, kid: string, emergency: boolean): Promise<void> =>
  emit(ctx, tx, outbox, signingKeyRotated, { kid, emergency }, { organizationId: null });

/** Lets the next key sign when its time has come, and removes retired ones whose last token is over. */
export const keyKeeper = defineWorker<Record<string, never>, Context['loaders']>({
  name: 'keep-signing-keys',
  data: z.strictObject({}),
  schedule: '* * * * *',
  run: async (ctx) => {
    await ctx.db.transaction(async (tx) => {
      await lockKeys(tx);
      const next = await findKey(tx, 'NEXT');
      const activated = next && (await activateIfDue(ctx, tx, next));
      const removed = await removeOldKeys(tx, ctx.now());
      if (activated) await record(ctx, tx, { name: 'signing_key.activated', subjectId: null, target: activated.kid });
      for (const kid of removed) await record(ctx, tx, { name: 'signing_key.removed', subjectId: null, target: kid });
    });
  },
});
