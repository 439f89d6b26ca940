import { currencyDigits } from '@supergraph/platform/input';
import { z } from 'zod';

const holds = (check: () => unknown): boolean => {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

/** A language as in BCP 47, in its canonical form. */
export const localeInput = z
  .string()
  .max(35, 'must be a language such as en or de-AT')
  .refine((value) => value !== '' && holds(() => Intl.getCanonicalLocales(value)), 'must be a language such as en or de-AT')
  .transform((value) => Intl.getCanonicalLocales(value)[0] ?? value);

/** A time zone of the IANA database. */
export const timeZoneInput = z
  .string()
  .max(64, 'must be a time zone such as Europe/Berlin')
  .refine(
    (value) => value !== '' && holds(() => new Intl.DateTimeFormat('en', { timeZone: value })),
    'must be a time zone such as Europe/Berlin',
  );

/** A currency of ISO 4217. */
export const currencyInput = z.string().refine((value) => currencyDigits(value) !== null, 'must be a currency such as EUR');
