import type { subjectKind } from '@supergraph/db/reviews/tables';

export type SubjectKind = (typeof subjectKind.enumValues)[number];

/** A criterion that reviews of a kind can rate. */
export interface Aspect {
  readonly code: string;
  readonly name: string;
  readonly kind: SubjectKind;
}

const names: Readonly<Record<SubjectKind, Readonly<Record<string, string>>>> = {
  PRODUCT: { QUALITY: 'Quality', VALUE: 'Value for money', DESCRIPTION: 'As described', DESIGN: 'Design' },
  RECIPE: { TASTE: 'Taste', CLARITY: 'Clear steps', EFFORT: 'Worth the effort' },
  COURSE: { CONTENT: 'Content', TEACHING: 'Teaching', PACE: 'Pace', EXERCISES: 'Exercises' },
};

/** The criteria of a kind, in the order in which forms show them. */
export const aspectsOf = (kind: SubjectKind): Aspect[] => Object.entries(names[kind]).map(([code, name]) => ({ code, name, kind }));

/** What people call a criterion; its code when the criterion is no longer in the list. */
export const aspectName = (code: string): string => names.PRODUCT[code] ?? names.RECIPE[code] ?? names.COURSE[code] ?? code;
