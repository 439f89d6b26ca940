import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** A secret for a link or a token: 256 bits, fit for a URL. */
export const makeSecret = (): string => randomBytes(32).toString('base64url');

/** What is kept of a secret; a random secret needs no salt. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/** A keyed fingerprint, for telling whether two inputs are the same without keeping either. */
export const fingerprint = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('base64url');

const keyFor = (key: string, purpose: string): Buffer => Buffer.from(hkdfSync('sha256', key, 'accounts', purpose, 32));

/** Encrypts a text for one purpose (AES-256-GCM); `open` with the same key and purpose reads it. */
export function seal(key: string, purpose: string, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyFor(key, purpose), nonce);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
}

/** Reads what `seal` wrote; throws when it was changed or belongs to another key or purpose. */
export function open(key: string, purpose: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', keyFor(key, purpose), bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
}
