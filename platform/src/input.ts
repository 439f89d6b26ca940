import { z } from 'zod';
import { badInput } from './errors.ts';

/** Checks an input against its schema and gives back what the schema makes of it; throws BAD_USER_INPUT with every issue at once. */
export function parseInput<Output>(schema: z.ZodType<Output>, input: unknown): Output {
  const read = schema.safeParse(input);
  if (read.success) return read.data;
  throw badInput(read.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })));
}

// C0 and C1 controls but tab, line feed and carriage return.
// oxlint-disable-next-line no-control-regex -- finding them is the purpose
const controls = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/;
const lineBreaksAndBidi = /[\n\r\t\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/;

/** Text of several lines: NFC, no control characters, trimmed; lengths in characters. */
export const text = ({ min = 0, max }: { min?: number; max: number }) =>
  z
    .string()
    .refine((value) => !controls.test(value), 'must not contain control characters')
    .transform((value) => value.normalize('NFC').trim())
    .refine((value) => value.length >= min, min === 1 ? 'must not be empty' : `must have at least ${min} characters`)
    .refine((value) => value.length <= max, `must have at most ${max} characters`);

/** A name or title: as `text`, on one line and without characters that turn the reading direction. */
export const nameText = (bounds: { min?: number; max: number }) =>
  text({ min: 1, ...bounds }).refine((value) => !lineBreaksAndBidi.test(value), 'must be on one line, without direction marks');

/** An id as clients send it, in the one spelling that ids are compared in. */
export const idInput = z.uuid('is not an id').toLowerCase();

/** GraphQL hands an absent optional field on as null or undefined; rules see only undefined. */
export const optional = <T>(schema: z.ZodType<T>) => schema.nullish().transform((value) => value ?? undefined);

const digitsByCurrency = new Map<string, number>();

/** How many decimals a currency has (ISO 4217), or null for an unknown one. */
export function currencyDigits(currency: string): number | null {
  const known = digitsByCurrency.get(currency);
  if (known !== undefined) return known;
  if (!Intl.supportedValuesOf('currency').includes(currency)) return null;
  const digits = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  digitsByCurrency.set(currency, digits);
  return digits;
}

/** Money in the currency's smallest unit; safe up to 9 × 10¹⁵. */
export interface MinorMoney {
  readonly minor: number;
  readonly currency: string;
}

/** Reads a MoneyInput exactly: more decimals than the currency has are refused, never rounded. */
export const moneyInput = z.strictObject({ amount: z.string(), currency: z.string() }).transform((value, check): MinorMoney => {
  const digits = currencyDigits(value.currency);
  const parts = /^(-?)(\d{1,15})(?:\.(\d+))?$/.exec(value.amount);
  if (digits === null) check.addIssue({ code: 'custom', path: ['currency'], message: 'is no currency of ISO 4217, such as EUR' });
  if (!parts) check.addIssue({ code: 'custom', path: ['amount'], message: 'must be a decimal number such as 12.50' });
  if (digits === null || !parts) return z.NEVER;
  const fraction = parts[3] ?? '';
  if (fraction.length > digits)
    check.addIssue({ code: 'custom', path: ['amount'], message: `has at most ${digits} decimals for ${value.currency}` });
  const minor = Number(`${parts[1]}${parts[2]}${fraction.padEnd(digits, '0')}`);
  if (!Number.isSafeInteger(minor)) check.addIssue({ code: 'custom', path: ['amount'], message: 'is too large' });
  return { minor: minor === 0 ? 0 : minor, currency: value.currency };
});

/** The graph's `Money` from minor units: 1250, EUR becomes 12.50. */
export function toMoney(minor: number, currency: string): { amount: string; currency: string } {
  const digits = currencyDigits(currency) ?? 2;
  const text = Math.abs(minor)
    .toString()
    .padStart(digits + 1, '0');
  const amount = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
  return { amount: minor < 0 ? `-${amount}` : amount, currency };
}
