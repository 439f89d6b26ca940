import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asTenant, type Db } from '@supergraph/platform/database';
import { defineWorker } from '@supergraph/platform/workers';
import nodemailer from 'nodemailer';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { emptyMails, insertMails, type QueuedMail, takeWaitingMails } from '../store/mail.ts';

/** A mail with a secret in it: it waits encrypted and is emptied once it went out. */
export interface SecretMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

const sender = 'Supergraph <no-reply@localhost>';
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

const composer = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' });

async function capture(ctx: Pick<Context, 'settings'>, { id, organizationId, sealed, createdAt }: QueuedMail): Promise<void> {
  if (sealed === null) return;
  const { to, subject, text } = unseal(ctx, organizationId, sealed);
  const { message } = await composer.sendMail({
    from: sender,
    to: { name: '', address: to },
    subject,
    text,
    date: createdAt,
    messageId: `<${id}@localhost>`,
  });
  if (!Buffer.isBuffer(message)) throw new Error('the composed mail is no buffer');
  const folder = join(ctx.settings.dataDirectory, 'mail');
  await mkdir(folder, { recursive: true });
  // The name follows from the row, so a mail that is sent again after a crash is still one file; the colons of an ISO time are no file name everywhere.
  const file = join(folder, `${createdAt.toISOString().replaceAll(':', '-')}-${id}.eml`);
  await writeFile(`${file}.part`, message, { mode: 0o600 });
  await rename(`${file}.part`, file);
}

/** Sends waiting mails of a tenant and empties them. */
export const sendMails = defineWorker({
  name: 'send-mails',
  data: z.object({ organizationId: z.uuid(), mailIds: z.array(z.uuid()).min(1).max(100) }),
  run: async (ctx: Context, { organizationId, mailIds }) => {
    await asTenant(ctx.db, organizationId, async (tx) => {
      const waiting = await takeWaitingMails(tx, organizationId, mailIds);
      if (waiting.length === 0) return;
      await Promise.all(waiting.map((mail) => capture(ctx, mail)));
      await emptyMails(
        tx,
        organizationId,
        waiting.map(({ id }) => id),
        ctx.now(),
      );
    });
  },
});

/** Queues mails in the transaction that decides them; a worker sends them afterwards. */
export async function queueMails(ctx: Context, tx: Db, organizationId: string, mails: readonly SecretMail[]): Promise<void> {
  if (mails.length === 0) return;
  const rows = await insertMails(
    tx,
    mails.map((mail) => ({ organizationId, sealed: seal(ctx, organizationId, mail), createdAt: ctx.now() })),
  );
  await ctx.workers.enqueue(tx, sendMails, { organizationId, mailIds: rows.map(({ id }) => id) });
}
