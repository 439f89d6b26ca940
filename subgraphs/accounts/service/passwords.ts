import { hash, verify } from '@node-rs/argon2';
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { z } from 'zod';
import { commonWords } from './common-words.ts';

/**
 * argon2id (the package's default kind) with 19 MiB, two rounds and one lane: the least that OWASP's Password Storage
 * Cheat Sheet advises. Guesses are counted before they are checked, and a flood of them must leave the processor to others.
 */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const costMark = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$`;

const strength = new ZxcvbnFactory({ dictionary: { common: [...commonWords] } });
/** Of 0 to 4; from 3 on a password stands more than 10⁸ guesses. */
const lowestScore = 3;

/** The hash to keep of a password. */
export const hashPassword = (password: string): Promise<string> => hash(password, cost);

/** Whether a kept hash was made at a lower cost than today's. */
export const isOutdated = (kept: string): boolean => !kept.startsWith(costMark);

let nobodysHash: Promise<string> | undefined;

/** Whether a password fits; without a hash it never does, at the same cost. */
export async function verifyPassword(kept: string | null, password: string): Promise<boolean> {
  const fits = await verify(kept ?? (await (nobodysHash ??= hashPassword('nobody has this password'))), password);
  return kept !== null && fits;
}

/** Passwords compare in one form of Unicode, whatever keyboard wrote them. */
export const normalPassword = (password: string): string => password.normalize('NFKC');

function isStrong(password: string, personal: readonly string[]): boolean {
  const words = personal.flatMap((entry) => [entry, ...entry.split(/[^\p{L}\p{N}]+/u)]).filter((word) => word.length > 2);
  return (
    strength.check(
      password,
      words.map((word) => word.toLowerCase()),
    ).score >= lowestScore
  );
}

/** A new password; `personal` is what it must not be made of: names, handle, address. */
export const newPasswordText = (personal: readonly string[]) =>
  z
    .string()
    .transform(normalPassword)
    .refine((value) => !/\p{Cc}/u.test(value), 'must not contain control characters')
    .refine((value) => value.length >= 10, 'must have at least 10 characters')
    .refine((value) => value.length <= 256, 'must have at most 256 characters')
    .refine(
      (value) => value.length < 10 || value.length > 256 || isStrong(value, personal),
      'is too easy to guess: use several unrelated words, and nothing of your own name or address',
    );
