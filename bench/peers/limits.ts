/**
 * Where the benchmark's operation passes a limit that users get. Its lists say nothing of their lengths, so ten are
 * assumed each time, and five levels of lists cost more than 5,000; all other limits are those that users get.
 */
export const limits = { cost: 25_000 };
