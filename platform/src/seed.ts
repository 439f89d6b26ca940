import { createHash } from 'node:crypto';

/** 2026-01-01, the day on which the sample world begins. */
const beginning = Date.UTC(2026, 0, 1);

/**
 * The id of the n-th sample thing of a kind: always the same, and a valid UUIDv7 whose time rises with n, so that
 * domains can refer to each other's samples without asking.
 */
export function seedId(kind: string, n: number): string {
  const time = (beginning + n * 60_000).toString(16).padStart(12, '0');
  const rest = createHash('sha256').update(`${kind}:${n}`).digest('hex');
  const variant = ((Number.parseInt(rest.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-${variant}${rest.slice(4, 7)}-${rest.slice(8, 20)}`;
}

/** When the n-th sample thing of a kind was made; fits its id. */
export const seedTime = (n: number): Date => new Date(beginning + n * 60_000);

/** Numbers between 0 and 1 that look random and are the same on every machine. */
export function seedRandom(name: string): () => number {
  let counter = 0;
  return () => createHash('sha256').update(`${name}:${counter++}`).digest().readUInt32BE() / 2 ** 32;
}
