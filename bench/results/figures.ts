/** One line of a result: what was measured, and the goal where there is one. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly goal?: string;
  readonly holds?: boolean;
}

/** A figure that must not exceed a limit; without a value it neither holds nor fails. */
export const atMost = (what: string, value: number | undefined, limit: number, write: (value: number) => string): Figure => ({
  what,
  value: value === undefined ? 'unknown here' : write(value),
  goal: `<= ${write(limit)}`,
  ...(value === undefined ? {} : { holds: value <= limit }),
});

/** A figure that must reach a limit; without a value it neither holds nor fails. */
export const atLeast = (what: string, value: number | undefined, limit: number, write: (value: number) => string): Figure => ({
  what,
  value: value === undefined ? 'not measured' : write(value),
  goal: `>= ${write(limit)}`,
  ...(value === undefined ? {} : { holds: value >= limit }),
});

export const times = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ×`;
