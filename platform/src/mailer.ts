import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport, type SendMailOptions } from 'nodemailer';
import type { RuntimeSettings } from './config.ts';

/** One mail, in both forms. */
export interface Letter {
  /** Names the mail for ever: one that is sent again after a crash is known by it. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  readonly date: Date;
}

/** The mail server said that it will never take this mail. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';
}

/** Sends a mail; rejects with MailRefused where another try is of no use. */
export type SendLetter = (letter: Letter) => Promise<void>;

type MailSettings = Pick<RuntimeSettings, 'smtpUrl' | 'mailFrom' | 'publicUrl' | 'dataDirectory'>;

const answerMs = 10_000;
const senderName = 'Supergraph';

/** Sends by SMTP where a server is named, else writes into the data directory. */
export function createMailer(settings: MailSettings): SendLetter {
  const { hostname } = new URL(settings.publicUrl);
  const from = settings.mailFrom ?? { name: senderName, address: `no-reply@${hostname}` };
  const compose = ({ id, to, ...letter }: Letter): SendMailOptions => ({
    ...letter,
    from,
    // As an object, so that nothing in an address is read as a second one.
    to: { name: '', address: to },
    messageId: `<${id}@${hostname}>`,
    // Nothing else may be read from files or addresses that a text names.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return settings.smtpUrl ? sendBySmtp(settings.smtpUrl, compose) : capture(join(settings.dataDirectory, 'mail'), compose);
}

function sendBySmtp(url: string, compose: (letter: Letter) => SendMailOptions): SendLetter {
  const timeouts = { connectionTimeout: answerMs, greetingTimeout: answerMs, socketTimeout: answerMs, dnsTimeout: answerMs };
  const transport = createTransport({ url, ...timeouts } as Parameters<typeof createTransport>[0]);
  return async (letter) => {
    try {
      await transport.sendMail(compose(letter));
    } catch (error) {
      throw isFinal(error) ? new MailRefused('the mail server will not take this mail', { cause: error }) : error;
    }
  };
}

/** A 5xx about the recipient or the mail; one about our login is ours to mend, and the mail waits for it. */
function isFinal(error: unknown): boolean {
  const { code, responseCode } = error as { code?: string; responseCode?: number };
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== undefined && responseCode >= 500;
}

/** The file is named after the mail, so that one which is sent again after a crash is still there once. */
function capture(folder: string, compose: (letter: Letter) => SendMailOptions): SendLetter {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
  return async (letter) => {
    const { message } = await transport.sendMail(compose(letter));
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${letter.id}.eml`);
    await writeFile(`${file}.part`, message as Buffer, { mode: 0o600 });
    await rename(`${file}.part`, file);
  };
}
