import type { AspectRatings } from '@supergraph/db/reviews/tables';
import { idInput, nameText, text } from '@supergraph/platform/input';
import { z } from 'zod';
import { aspectsOf, type SubjectKind } from '../aspects.ts';

/** Whether a text is an id at all; the database refuses others with a fault. */
export const isId = (value: string): boolean => idInput.safeParse(value).success;

export const kindInput = z.enum(['PRODUCT', 'RECIPE', 'COURSE']);
export const subjectInput = z.strictObject({ kind: kindInput, id: idInput });
export const starsInput = z.int('must be a whole number from 1 to 5').min(1, 'must be at least 1').max(5, 'must be at most 5');
export const versionInput = z.int();

const orNull = (value: string): string | null => value || null;
export const titleInput = nameText({ min: 0, max: 120 }).transform(orNull);
export const bodyInput = text({ max: 5_000 }).transform(orNull);

/** Stars by criterion of a kind, each criterion once; every problem is named. */
export const aspectsInput = (kind: SubjectKind) =>
  z.array(z.strictObject({ code: z.string(), rating: z.number() })).transform((aspects, check): AspectRatings => {
    const codes = new Set(aspectsOf(kind).map(({ code }) => code));
    const seen = new Set<string>();
    for (const [index, { code, rating }] of aspects.entries()) {
      const problem = (field: string, message: string) => check.addIssue({ code: 'custom', path: [index, field], message });
      if (!codes.has(code)) problem('code', `is no criterion; choose one of ${[...codes].join(', ')}`);
      if (seen.has(code)) problem('code', 'stands here twice');
      if (!Number.isInteger(rating) || rating < 1 || rating > 5) problem('rating', 'must be a whole number from 1 to 5');
      seen.add(code);
    }
    return Object.fromEntries(aspects.map(({ code, rating }) => [code, rating]));
  });
