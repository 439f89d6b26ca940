/** A parameter as text; empty where there is none. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A list whose parts are separated by spaces, as OAuth writes scopes (RFC 6749, 3.3). */
export const wordsOf = (value: unknown): string[] => textOf(value).split(' ').filter(Boolean);
