import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** A secret for a link or a token: 256 bits, fit for a URL. */
export const makeSecret = (): string => randomBytes(32).toString('base64url');

/** What is kept of a secret; a random secret needs no salt. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/** A keyed fingerprint, for telling whether two inputs are the same without keeping either. */
export const fingerprint = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('base64url');

const keyFor = (key: string, purpose: string): Buffer => Buffer.from(hkdfSync('sha256', key, 'accounts', purpose, 32));

/** A signature of a text for one purpose; `isSigned` with the same key and purpose knows it. */
export const sign = (key: string, purpose: string, text: string): string =>
  createHmac('sha256', keyFor(key, purpose)).update(text).digest('base64url');

/** Whether a signature is that of the text; how long it takes says nothing of the right one. */
export function isSigned(key: string, purpose: string, text: string, signature: string): boolean {
  const [right, given] = [Buffer.from(sign(key, purpose, text)), Buffer.from(signature)];
  return right.length === given.length && timingSafeEqual(right, given);
}

/** Encrypts bytes for one purpose (AES-256-GCM); `openBytes` with the same key and purpose reads them. */
export function sealBytes(key: string, purpose: string, bytes: Uint8Array): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyFor(key, purpose), nonce);
  const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** Reads what `sealBytes` wrote; throws when it was changed or belongs to another key or purpose. */
export function openBytes(key: string, purpose: string, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', keyFor(key, purpose), sealed.subarray(0, 12), { authTagLength: 16 });
  decipher.setAuthTag(sealed.subarray(12, 28));
  return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]);
}

/** Encrypts a text like bytes, fit for a URL. */
export const seal = (key: string, purpose: string, text: string): string =>
  sealBytes(key, purpose, Buffer.from(text, 'utf8')).toString('base64url');

/** Reads what `seal` wrote; throws when it was changed or belongs to another key or purpose. */
export const open = (key: string, purpose: string, sealed: string): string =>
  openBytes(key, purpose, Buffer.from(sealed, 'base64url')).toString('utf8');
