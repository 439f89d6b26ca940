import { jsonText } from '@supergraph/platform/service-server';

// oxlint-disable-next-line no-control-regex -- what JSON must escape
const special = /["\\\u0000-\u001f\ud800-\udfff]/;
/** Below this length putting quotes around beats JSON.stringify, above it the reverse; measured. */
const shortText = 40;

/** The JSON text of a string. */
export const quote = (text: string): string => (text.length > shortText || special.test(text) ? JSON.stringify(text) : `"${text}"`);

/** The JSON text of any value; what JSON cannot say is null. */
export function toJson(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  const text: string | undefined = jsonText(value);
  return text ?? 'null';
}
