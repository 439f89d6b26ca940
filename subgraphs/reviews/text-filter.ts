import { createHash } from 'node:crypto';
import { englishDataset, englishRecommendedTransformers, RegExpMatcher } from 'obscenity';

const matcher = new RegExpMatcher({ ...englishDataset.build(), ...englishRecommendedTransformers });
const links = /https?:\/\/|\bwww\./gi;
const linksAllowed = 2;

/** Whether a person should look at a text before others do: it insults, or carries more than two links. */
export function isSuspicious(parts: readonly (string | null)[]): boolean {
  const text = parts.filter((part) => part !== null).join('\n');
  return (text.match(links)?.length ?? 0) > linksAllowed || matcher.hasMatch(text);
}

/** The same for texts that differ in case and spacing alone; null without words. */
export function textHashOf({ title, body }: { readonly title: string | null; readonly body: string | null }): string | null {
  const words = (body ?? title ?? '').toLowerCase().replace(/\s+/g, ' ').trim();
  return words ? createHash('sha256').update(words).digest('base64url') : null;
}
