import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

// pat_<8 public><43 secret><6 checksum>
const form = /^(pat_[0-9A-Za-z]{8}[\w-]{43})([0-9A-Za-z]{6})$/;
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const checksumLength = 6;

/** What a personal access token ends with, so that a mistyped one, or one that somebody left in a file, is told from rubbish. */
export function personalTokenChecksum(body: string): string {
  let left = crc32(body);
  let text = '';
  for (let place = 0; place < checksumLength; place += 1) {
    text = `${digits[left % digits.length]}${text}`;
    left = Math.floor(left / digits.length);
  }
  return text;
}

/** Whether a bearer means to be a personal access token. */
export const isPersonalToken = (token: string): boolean => token.startsWith('pat_');

/** Whether a personal access token has the right form and checksum; whether it is one, only accounts knows. */
export function isWellFormed(token: string): boolean {
  const [, body, checksum] = form.exec(token) ?? [];
  return body !== undefined && personalTokenChecksum(body) === checksum;
}

/** What is kept of a personal access token, and what is asked for; its 256 random bits need no salt. */
export const hashPersonalToken = (token: string): string => createHash('sha256').update(token).digest('base64url');
