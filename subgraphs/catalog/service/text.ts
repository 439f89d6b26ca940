import sanitizeHtml from 'sanitize-html';
import { transliterate } from 'transliteration';
import type { SearchTerm } from '../store/listing.ts';

/** Text without case and accents, as it is searched and sorted. */
export const fold = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

/** HTML that cannot do harm; what is no HTML stays as it is. */
export const safeHtml = (html: string): string =>
  sanitizeHtml(html, {
    allowedTags: [
      'p',
      'br',
      'b',
      'strong',
      'i',
      'em',
      'u',
      's',
      'ul',
      'ol',
      'li',
      'h2',
      'h3',
      'h4',
      'blockquote',
      'a',
      'code',
      'pre',
      'hr',
    ],
    allowedAttributes: { a: ['href', 'rel'] },
    allowedSchemes: ['http', 'https', 'mailto'],
    transformTags: { a: sanitizeHtml.simpleTransform('a', { rel: 'noopener nofollow ugc' }) },
  });

/** The words of HTML. */
export const plainText = (html: string): string => sanitizeHtml(html, { allowedTags: [], allowedAttributes: {} });

const longestSlug = 80;

/** A part of an address: lower-case letters, digits and hyphens; empty when the text has no letters. */
export const toSlug = (text: string): string =>
  transliterate(text)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, longestSlug)
    .replaceAll(/^-+|-+$/g, '');

/** The first of `base`, `base-2`, `base-3`, … that is not taken. */
export function freeSlug(base: string, taken: readonly string[]): string {
  const known = new Set(taken);
  if (!known.has(base)) return base;
  let number = 2;
  while (known.has(`${base}-${number}`)) number += 1;
  return `${base}-${number}`;
}

/** Reads what a person typed: words, `"exact phrases"` and `-excluded` ones; a quote without an end is no quote. */
export function readSearch(text: string): SearchTerm[] {
  return [...fold(text).matchAll(/(-?)(?:"([^"]*)"|([^\s"]+))/g)]
    .map(([, minus, phrase, word]) => ({ words: (phrase ?? word ?? '').trim(), excluded: minus === '-' }))
    .filter(({ words }) => /[\p{L}\p{N}]/u.test(words));
}
