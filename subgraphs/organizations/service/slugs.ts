const heldDays = 90;

/** Until when a slug that was given up stays from others. */
export const heldUntil = (now: Date): Date => new Date(now.getTime() + heldDays * 86_400_000);
