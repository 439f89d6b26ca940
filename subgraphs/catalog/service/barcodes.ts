import * as isbn3 from 'isbn3';

/** An ISBN as its 13 digits, or null. */
export const toIsbn13 = (text: string): string | null => isbn3.parse(text)?.isbn13 ?? null;

/** A barcode as it is stored: the digits of a GTIN, an ISBN-10 as its ISBN-13; null when its check digit is wrong. */
export function toBarcode(text: string): string | null {
  const digits = text.replaceAll(/[\s-]/g, '').toUpperCase();
  if (/^\d{9}[\dX]$/.test(digits)) return toIsbn13(digits);
  if (!/^(\d{8}|\d{12,14})$/.test(digits)) return null;
  const sum = digits
    .slice(0, -1)
    .split('')
    .toReversed()
    .reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 3 : 1), 0);
  return (10 - (sum % 10)) % 10 === Number(digits.at(-1)) ? digits : null;
}
