import type { Content } from '@supergraph/platform/mail-content';
import { z } from 'zod';
import { resetPath, revertPath, verifyPath } from '../pages/paths.ts';

const linked = { to: z.string(), name: z.string(), token: z.string() };

/** A mail that accounts sends itself, because its link is a secret or its truth is for the reader of the address alone. */
export const Mail = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('VERIFY'), ...linked }),
  z.object({ kind: z.literal('RESET'), ...linked }),
  z.object({ kind: z.literal('CHANGE_EMAIL'), ...linked }),
  z.object({ kind: z.literal('REVERT_EMAIL'), ...linked, newEmail: z.string() }),
  z.object({ kind: z.literal('EXPORT_READY'), to: z.string(), name: z.string() }),
  z.object({ kind: z.literal('EXPORT_FAILED'), to: z.string(), name: z.string() }),
  z.object({ kind: z.literal('ACCOUNT_EXISTS'), to: z.string() }),
  z.object({ kind: z.literal('ADDRESS_TAKEN'), to: z.string() }),
  z.object({ kind: z.literal('NO_ACCOUNT'), to: z.string() }),
  z.object({ kind: z.literal('NO_REGISTRATION'), to: z.string() }),
]);
export type Mail = z.infer<typeof Mail>;

const nothingToDo = 'If it was not you, nothing needs to be done.';

/** What a mail says; its link begins with `base`. */
export function contentOf(base: string, mail: Mail): Content {
  const link = (path: string, label: string) => ({ url: `${base}${path}?token=${'token' in mail ? mail.token : ''}`, label });
  switch (mail.kind) {
    case 'VERIFY':
      return {
        subject: 'Confirm your address',
        paragraphs: [
          `Hello ${mail.name},`,
          'open this link within 24 hours to begin your account. If you did not ask for one, ignore this mail: nothing happens.',
        ],
        link: link(verifyPath, 'Confirm my address'),
      };
    case 'RESET':
      return {
        subject: 'Set a new password',
        paragraphs: [
          `Hello ${mail.name},`,
          'open this link within one hour to set a new password. All sessions end with it. If you did not ask for it, ignore this mail: your password stays.',
        ],
        link: link(resetPath, 'Set a new password'),
      };
    case 'CHANGE_EMAIL':
      return {
        subject: 'Confirm your new address',
        paragraphs: [
          `Hello ${mail.name},`,
          'open this link within 24 hours to use this address for your account. If you did not ask for it, ignore this mail: nothing changes.',
        ],
        link: link(verifyPath, 'Use this address'),
      };
    case 'REVERT_EMAIL':
      return {
        subject: 'The address of your account was changed',
        paragraphs: [
          `Hello ${mail.name},`,
          `your account uses ${mail.newEmail} from now on. If it was you, nothing needs to be done.`,
          'If it was not you, open this link within 72 hours: the account gets this address back and all sessions end. Then set a new password.',
        ],
        link: link(revertPath, 'It was not me: undo it'),
      };
    case 'EXPORT_READY':
      return {
        subject: 'The copy of your data is ready',
        paragraphs: [
          `Hello ${mail.name},`,
          'the copy of your data that you asked for is ready. Sign in to download it within 7 days; then it is removed.',
          'If you did not ask for it, somebody else signed in with your account: end all sessions and set a new password.',
        ],
      };
    case 'EXPORT_FAILED':
      return {
        subject: 'The copy of your data could not be made',
        paragraphs: [
          `Hello ${mail.name},`,
          'the copy of your data that you asked for could not be made. We are sorry. Sign in and ask for it once more; if it fails again, write to us.',
        ],
      };
    case 'ACCOUNT_EXISTS':
      return {
        subject: 'You already have an account',
        paragraphs: [
          'Somebody, perhaps you, asked for an account with this address. It has one already: sign in, or set a new password if you forgot yours.',
          nothingToDo,
        ],
      };
    case 'ADDRESS_TAKEN':
      return {
        subject: 'This address has an account already',
        paragraphs: [
          'Somebody, perhaps you, wanted to use this address for another account. It belongs to one already, so nothing was changed.',
          nothingToDo,
        ],
      };
    case 'NO_ACCOUNT':
      return {
        subject: 'There is no account with this address',
        paragraphs: [
          'Somebody, perhaps you, asked for a new password. This address has no account here; perhaps you signed up with another one.',
          nothingToDo,
        ],
      };
    case 'NO_REGISTRATION':
      return {
        subject: 'No registration waits for this address',
        paragraphs: [
          'Somebody, perhaps you, asked for a confirmation link. No registration waits for this address; sign up once more.',
          nothingToDo,
        ],
      };
  }
}
