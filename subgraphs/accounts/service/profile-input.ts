import { z } from 'zod';

/** 3 to 30 of `a-z0-9_`. */
export const handleText = z.string().regex(/^[a-z0-9_]{3,30}$/, 'must be 3 to 30 of a-z, 0-9 and _');

/** An address as the person writes it. */
export const emailInput = z
  .string()
  .transform((value) => value.normalize('NFC').trim())
  .refine((value) => value.length <= 254, 'must have at most 254 characters')
  .refine((value) => /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(value), 'is no e-mail address');

const canonicalLocale = (value: string): string | undefined => {
  try {
    return Intl.getCanonicalLocales(value)[0];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
};

/** A BCP 47 tag in its canonical form. */
export const localeText = z.string().transform((value, check) => {
  const locale = value.length <= 35 ? canonicalLocale(value) : undefined;
  if (locale) return locale;
  check.addIssue({ code: 'custom', message: 'is no language tag such as pt-BR' });
  return z.NEVER;
});

const isTimeZone = (value: string): boolean => {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,49}$/.test(value)) return false;
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: value }));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

/** An IANA time zone's name. */
export const timeZoneText = z.string().refine(isTimeZone, 'is no time zone such as Europe/Lisbon');
