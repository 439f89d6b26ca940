/** One line of a result: what was measured, and the goal where there is one. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly goal?: string;
  readonly holds?: boolean;
}

/** A number that says something; results that were read back hold null where there was none. */
export const isKnown = (value: number | undefined): value is number => typeof value === 'number' && Number.isFinite(value);

/** A figure that must not exceed a limit; without a value it neither holds nor fails. */
export const atMost = (what: string, value: number | undefined, limit: number, write: (value: number) => string): Figure => ({
  what,
  value: isKnown(value) ? write(value) : 'unknown here',
  goal: `<= ${write(limit)}`,
  ...(isKnown(value) ? { holds: value <= limit } : {}),
});

/** A figure that must reach a limit; without a value it neither holds nor fails. */
export const atLeast = (what: string, value: number | undefined, limit: number, write: (value: number) => string): Figure => ({
  what,
  value: isKnown(value) ? write(value) : 'not measured',
  goal: `>= ${write(limit)}`,
  ...(isKnown(value) ? { holds: value >= limit } : {}),
});

export const times = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ×`;
