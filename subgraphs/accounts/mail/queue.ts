import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Db } from '@supergraph/platform/database';
import { defineWorker } from '@supergraph/platform/workers';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import type { Context } from './context.ts';
import { open, seal } from './secrets.ts';
import { claimMail, countMailAttempt, emptyMail, insertMail, listWaitingMail } from './store/records.ts';

const Mail = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('VERIFY'), to: z.string(), name: z.string(), token: z.string() }),
  z.object({ kind: z.literal('RESET'), to: z.string(), name: z.string(), token: z.string() }),
  z.object({ kind: z.literal('ACCOUNT_EXISTS'), to: z.string() }),
  z.object({ kind: z.literal('NO_ACCOUNT'), to: z.string() }),
  z.object({ kind: z.literal('NO_REGISTRATION'), to: z.string() }),
]);
/** A mail that accounts sends itself, because its link is a secret or its truth is for the reader of the address alone. */
export type Mail = z.infer<typeof Mail>;

const purpose = 'mail';
const triedForMs = 24 * 3_600_000;

/** Sends one mail; runs until it is sent or given up. */
export const mailWorker = defineWorker<{ mailId: string }, Context['loaders']>({
  name: 'send-mail',
  data: z.object({ mailId: z.uuid() }),
  run: (ctx, { mailId }) => sendMail(ctx, mailId),
});

/** Takes up what a crash or a fault left lying. */
export const mailSweeper = defineWorker<Record<string, never>, Context['loaders']>({
  name: 'sweep-mail',
  data: z.strictObject({}),
  schedule: '* * * * *',
  run: async (ctx) => {
    for (const mailId of await listWaitingMail(ctx.db, 200)) {
      // One mail that cannot be sent must not keep the others waiting.
      await sendMail(ctx, mailId).catch((error: unknown) => ctx.log.warn({ error, mailId }, 'a mail could not be sent; it is tried again'));
    }
  },
});

/** Puts a mail into the queue, in the transaction that decides it; its text is encrypted until it is sent. */
export async function queueMail(ctx: Context, tx: Db, mail: Mail): Promise<void> {
  const now = ctx.now();
  const sealed = seal(ctx.settings.internalKey, purpose, JSON.stringify(mail));
  const mailId = await insertMail(tx, { sealed, createdAt: now, giveUpAt: new Date(now.getTime() + triedForMs) });
  await ctx.workers.enqueue(tx, mailWorker, { mailId });
}

async function sendMail(ctx: Context, mailId: string): Promise<void> {
  try {
    await ctx.db.transaction(async (tx) => {
      const queued = await claimMail(tx, mailId);
      if (!queued?.sealed) return;
      const now = ctx.now();
      if (now > queued.giveUpAt) return emptyMail(tx, mailId, null);
      await deliver(ctx, mailId, Mail.parse(JSON.parse(open(ctx.settings.internalKey, purpose, queued.sealed))), now);
      await emptyMail(tx, mailId, now);
    });
  } catch (error) {
    await countMailAttempt(ctx.db, mailId);
    throw error;
  }
}

/** The file is named after the mail, so that one which is sent again after a crash is still there once. */
async function deliver(ctx: Context, mailId: string, mail: Mail, date: Date): Promise<void> {
  const { subject, lines, link } = compose(ctx.settings.publicUrl, mail);
  const host = new URL(ctx.settings.publicUrl).hostname;
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
  const { message } = await transport.sendMail({
    from: { name: 'Supergraph', address: `no-reply@${host}` },
    to: mail.to,
    subject,
    date,
    messageId: `<${mailId}@${host}>`,
    text: [...lines, ...(link ? [link.url] : [])].join('\n\n'),
    html: `${lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('\n')}${link ? `\n<p><a href="${escapeHtml(link.url)}">${escapeHtml(link.label)}</a></p>` : ''}`,
  });
  const folder = join(ctx.settings.dataDirectory, 'mail');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${mailId}.eml`);
  await writeFile(`${file}.part`, message as Buffer, { mode: 0o600 });
  await rename(`${file}.part`, file);
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

interface Composed {
  readonly subject: string;
  readonly lines: readonly string[];
  readonly link?: { readonly url: string; readonly label: string };
}

function compose(publicUrl: string, mail: Mail): Composed {
  switch (mail.kind) {
    case 'VERIFY':
      return {
        subject: 'Confirm your address',
        lines: [
          `Hello ${mail.name},`,
          'open this link within 24 hours to begin your account. If you did not ask for one, ignore this mail: nothing happens.',
        ],
        link: { url: `${publicUrl}/verify-email?token=${mail.token}`, label: 'Confirm my address' },
      };
    case 'RESET':
      return {
        subject: 'Set a new password',
        lines: [
          `Hello ${mail.name},`,
          'open this link within one hour to set a new password. All sessions end with it. If you did not ask for it, ignore this mail: your password stays.',
        ],
        link: { url: `${publicUrl}/reset-password?token=${mail.token}`, label: 'Set a new password' },
      };
    case 'ACCOUNT_EXISTS':
      return {
        subject: 'You already have an account',
        lines: [
          'Somebody, perhaps you, asked for an account with this address. It has one already: sign in, or set a new password if you forgot yours.',
          'If it was not you, nothing needs to be done.',
        ],
      };
    case 'NO_ACCOUNT':
      return {
        subject: 'There is no account with this address',
        lines: [
          'Somebody, perhaps you, asked for a new password. This address has no account here; perhaps you signed up with another one.',
          'If it was not you, nothing needs to be done.',
        ],
      };
    case 'NO_REGISTRATION':
      return {
        subject: 'No registration waits for this address',
        lines: [
          'Somebody, perhaps you, asked for a confirmation link. No registration waits for this address; sign up once more.',
          'If it was not you, nothing needs to be done.',
        ],
      };
  }
}
