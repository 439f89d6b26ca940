import { hash, verify } from '@node-rs/argon2';
import type { Settings } from '@supergraph/platform/config';
import { withoutDeadline } from '@supergraph/platform/deadline';
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { z } from 'zod';
import { commonWords } from './common-words.ts';
import { hashing } from './hashing.ts';

/** What a hash costs: memory in KiB, and how often it is gone over; the work is their product. */
interface Cost {
  readonly memory: number;
  readonly rounds: number;
}

type Keeper = { readonly settings: Pick<Settings, 'passwordHash'> };

const costOf = ({ settings: { passwordHash } }: Keeper): Cost => ({ memory: passwordHash.memoryMib * 1_024, rounds: passwordHash.rounds });

const workOf = ({ memory, rounds }: Cost): number => memory * rounds;

/** argon2id is the package's default kind; one lane, because the processor's other cores belong to others who sign in. */
const hashAt = (password: string, { memory, rounds }: Cost): Promise<string> =>
  hashing.inTurn(() => hash(password, { memoryCost: memory, timeCost: rounds, parallelism: 1 }));

/** The cost that a kept hash names (the PHC string format). */
function costIn(kept: string): Cost {
  const [, memory, rounds] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$/.exec(kept) ?? [];
  return { memory: Number(memory ?? 0), rounds: Number(rounds ?? 0) };
}

const strength = new ZxcvbnFactory({ dictionary: { common: [...commonWords] } });
/** Of 0 to 4; from 3 on a password stands more than 10⁸ guesses. */
const lowestScore = 3;

/** The hash to keep of a password; RATE_LIMITED where too many wait for one. */
export const hashPassword = (ctx: Keeper, password: string): Promise<string> => hashing.admit(() => hashAt(password, costOf(ctx)));

/** The same for whoever was admitted. */
export const upgradePassword = (ctx: Keeper, password: string): Promise<string> => hashAt(password, costOf(ctx));

/** Whether a kept hash was made at a lower cost than today's; where the cost was lowered, dearer ones stay. */
export const isOutdated = (ctx: Keeper, kept: string): boolean => workOf(costIn(kept)) < workOf(costOf(ctx));

/** What a look at an outdated hash lacks to be as much work as one at a hash of today; null where that is nothing. */
export function lackingCost(ctx: Keeper, kept: string): Cost | null {
  const { rounds } = costOf(ctx);
  const memory = Math.floor((workOf(costOf(ctx)) - workOf(costIn(kept))) / rounds);
  // argon2 goes over 8 KiB at least.
  return memory >= 8 ? { memory, rounds } : null;
}

/** Nobody's, by the cost that was made with. */
const nobodysHashes = new Map<number, Promise<string>>();

function nobodysHash(ctx: Keeper): Promise<string> {
  const work = workOf(costOf(ctx));
  const known = nobodysHashes.get(work) ?? withoutDeadline(() => hashAt('nobody has this password', costOf(ctx)));
  nobodysHashes.set(work, known);
  return known;
}

/** Whether a password of somebody admitted fits; without a hash it never does, at the same cost, and a wrong one costs no less where the hash is outdated. */
export async function verifyPassword(ctx: Keeper, kept: string | null, password: string): Promise<boolean> {
  const known = kept ?? (await nobodysHash(ctx));
  const fits = await hashing.inTurn(() => verify(known, password));
  if (kept === null) return false;
  const lacking = fits ? null : lackingCost(ctx, kept);
  if (lacking) await hashAt(password, lacking);
  return fits;
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
