import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { asTenant, type Db } from '@supergraph/platform/database';
import { createMailer, MailRefused, type SendLetter } from '@supergraph/platform/mailer';
import { defineWorker } from '@supergraph/platform/workers';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { claimMail, emptyMail, findNextTry, insertMails, postponeMail, type QueuedMail } from '../store/mail.ts';

/** A mail with a secret in it: it waits encrypted and is emptied once it went out. */
export interface SecretMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
}

const keyOf = ({ settings }: Pick<Context, 'settings'>) =>
  Buffer.from(hkdfSync('sha256', settings.internalKey, '', 'organizations mail queue', 32));

/** Encrypts a mail for the queue of one tenant. */
export function seal(ctx: Pick<Context, 'settings'>, organizationId: string, mail: SecretMail): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(ctx), nonce).setAAD(Buffer.from(organizationId));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(mail)), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** Reads a mail of one tenant's queue; throws when it was not sealed for it. */
export function unseal(ctx: Pick<Context, 'settings'>, organizationId: string, sealed: string): SecretMail {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(ctx), bytes.subarray(0, 12)).setAAD(Buffer.from(organizationId));
  decipher.setAuthTag(bytes.subarray(12, 28));
  return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString()) as SecretMail;
}

const senders = new WeakMap<Context['settings'], SendLetter>();

function senderOf(settings: Context['settings']): SendLetter {
  const known = senders.get(settings);
  if (known) return known;
  const made = createMailer(settings);
  senders.set(settings, made);
  return made;
}

const triedForMs = 24 * 3_600_000;
/** So long nobody else sends what somebody sends. */
const heldMs = 60_000;
const firstPauseMs = 60_000;
const longestPauseMs = 3_600_000;

/** How long a mail waits after so many tries: a minute, then twice as long each time, up to an hour. */
const pauseAfter = (attempts: number): number => Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs);

/** Sends waiting mails of a tenant; what cannot be sent now is tried again for a day. */
export const sendMails = defineWorker<{ organizationId: string; mailIds: string[] }, Context['loaders']>({
  name: 'send-mails',
  data: z.object({ organizationId: z.uuid(), mailIds: z.array(z.uuid()).min(1).max(100) }),
  run: async (ctx, { organizationId, mailIds }) => {
    for (const mailId of mailIds) await sendMail(ctx, organizationId, mailId);
  },
});

async function sendMail(ctx: Context, organizationId: string, mailId: string): Promise<void> {
  const now = ctx.now();
  // Held for a while rather than locked: a mail server may take long, and a database connection must not wait for it.
  const until = new Date(now.getTime() + heldMs);
  const mail = await asTenant(ctx.db, organizationId, async (tx) => {
    const held = await claimMail(tx, organizationId, mailId, now, until);
    if (held) return held;
    // A crash may have left it held; the run that found it so must not be the last.
    const nextTryAt = await findNextTry(tx, organizationId, mailId);
    if (nextTryAt) await tryLater(ctx, tx, organizationId, mailId, nextTryAt);
    return null;
  });
  if (!mail?.sealed) return;
  if (now.getTime() - mail.createdAt.getTime() > triedForMs) return giveUp(ctx, mail, 'it waited for 24 hours');
  try {
    await senderOf(ctx.settings)({ id: mailId, date: mail.createdAt, ...unseal(ctx, organizationId, mail.sealed) });
    await asTenant(ctx.db, organizationId, (tx) => emptyMail(tx, organizationId, mailId, { sentAt: now }));
  } catch (error) {
    if (error instanceof MailRefused) return giveUp(ctx, mail, error);
    ctx.log.warn({ error, mailId, attempts: mail.attempts }, 'a mail could not be sent; it is tried again');
    const nextTryAt = new Date(ctx.now().getTime() + pauseAfter(mail.attempts));
    await asTenant(ctx.db, organizationId, async (tx) => {
      await postponeMail(tx, organizationId, mailId, nextTryAt);
      await tryLater(ctx, tx, organizationId, mailId, nextTryAt);
    });
  }
}

const tryLater = (ctx: Context, tx: Db, organizationId: string, mailId: string, startAfter: Date): Promise<void> =>
  ctx.workers.enqueue(tx, sendMails, { organizationId, mailIds: [mailId] }, { startAfter, singletonKey: mailId });

async function giveUp(ctx: Context, { id, organizationId, attempts }: QueuedMail, error: unknown): Promise<void> {
  await asTenant(ctx.db, organizationId, (tx) => emptyMail(tx, organizationId, id, { sentAt: null }));
  ctx.log.error({ error, mailId: id, attempts }, 'a mail was given up');
}

/** Queues mails in the transaction that decides them; a worker sends them afterwards. */
export async function queueMails(ctx: Context, tx: Db, organizationId: string, mails: readonly SecretMail[]): Promise<void> {
  if (mails.length === 0) return;
  const rows = await insertMails(
    tx,
    mails.map((mail) => ({ organizationId, sealed: seal(ctx, organizationId, mail), createdAt: ctx.now() })),
  );
  await ctx.workers.enqueue(tx, sendMails, { organizationId, mailIds: rows.map(({ id }) => id) });
}
