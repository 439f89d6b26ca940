import type { RuntimeSettings } from '@supergraph/platform/config';
import type { Db } from '@supergraph/platform/database';
import { compose, linksAt } from '@supergraph/platform/mail-content';
import { createMailer, MailRefused, type SendLetter } from '@supergraph/platform/mailer';
import { defineWorker } from '@supergraph/platform/workers';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { open, seal } from '../secrets.ts';
import { claimMail, emptyMail, insertMail, listDueMail, postponeMail } from '../store/mail.ts';
import { contentOf, Mail } from './templates.ts';

const purpose = 'mail';
const triedForMs = 24 * 3_600_000;
/** So long nobody else sends what somebody sends. */
const heldMs = 60_000;
const firstPauseMs = 60_000;
const longestPauseMs = 3_600_000;
const sentAtOnce = 200;
const failuresInARow = 5;

/** Sends one mail; runs until it is sent or given up. */
export const mailWorker = defineWorker<{ mailId: string }, Context['loaders']>({
  name: 'send-mail',
  data: z.object({ mailId: z.uuid() }),
  run: async (ctx, { mailId }) => void (await sendMail(ctx, mailId)),
});

/** Takes up what a crash or a fault left lying. */
export const mailSweeper = defineWorker<Record<string, never>, Context['loaders']>({
  name: 'sweep-mail',
  data: z.strictObject({}),
  schedule: '* * * * *',
  run: async (ctx) => {
    let failures = 0;
    for (const mailId of await listDueMail(ctx.db, ctx.now(), sentAtOnce)) {
      failures = (await sendMail(ctx, mailId)) ? 0 : failures + 1;
      // A server that is away is not asked for each mail; the next round tries the others.
      if (failures === failuresInARow) return;
    }
  },
});

/** Puts a mail into the queue, in the transaction that decides it; its text is encrypted until it is sent. */
export async function queueMail(ctx: Context, tx: Db, mail: Mail): Promise<void> {
  const now = ctx.now();
  const sealed = seal(ctx.settings.internalKey, purpose, JSON.stringify(mail));
  const mailId = await insertMail(tx, { sealed, createdAt: now, nextTryAt: now, giveUpAt: new Date(now.getTime() + triedForMs) });
  await ctx.workers.enqueue(tx, mailWorker, { mailId });
}

/** How long a mail waits after so many tries: a minute, then twice as long each time, up to an hour. */
export const pauseAfter = (attempts: number): number => Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs);

/** False when it has to be tried again. */
async function sendMail(ctx: Context, mailId: string): Promise<boolean> {
  const now = ctx.now();
  // Held for a while rather than locked: a mail server may take long, and a database connection must not wait for it.
  const held = await claimMail(ctx.db, mailId, now, new Date(now.getTime() + heldMs));
  if (!held?.sealed) return true;
  if (now > held.giveUpAt) return giveUp(ctx, mailId, held.attempts, 'it waited for 24 hours');
  try {
    const mail = Mail.parse(JSON.parse(open(ctx.settings.internalKey, purpose, held.sealed)));
    await senderOf(ctx.settings)({ id: mailId, to: mail.to, date: held.createdAt, ...compose(contentOf(linksAt(ctx.settings), mail)) });
    await emptyMail(ctx.db, mailId, { sentAt: now });
    return true;
  } catch (error) {
    if (error instanceof MailRefused) return giveUp(ctx, mailId, held.attempts, error);
    ctx.log.warn({ error, mailId, attempts: held.attempts }, 'a mail could not be sent; it is tried again');
    await postponeMail(ctx.db, mailId, new Date(ctx.now().getTime() + pauseAfter(held.attempts)));
    return false;
  }
}

async function giveUp(ctx: Context, mailId: string, attempts: number, error: unknown): Promise<true> {
  await emptyMail(ctx.db, mailId, { sentAt: null });
  ctx.log.error({ error, mailId, attempts }, 'a mail was given up');
  return true;
}

const senders = new WeakMap<RuntimeSettings, SendLetter>();

function senderOf(settings: RuntimeSettings): SendLetter {
  const known = senders.get(settings);
  if (known) return known;
  const made = createMailer(settings);
  senders.set(settings, made);
  return made;
}
