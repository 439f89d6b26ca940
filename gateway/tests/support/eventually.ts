import { setTimeout as sleep } from 'node:timers/promises';

/** How long to wait for what must come; for a slow machine, not a promise of speed. */
export const patienceMs = 60_000;

/** A failure that no waiting mends. */
export class Hopeless extends Error {}

/** Tries until there is an answer other than undefined, false or null; rejects after the deadline with what failed last. */
export async function eventually<Result>(
  what: string | (() => string),
  look: () => Result | Promise<Result>,
  withinMs = patienceMs,
): Promise<Exclude<Result, undefined | null | false>> {
  const limit = Date.now() + withinMs;
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 250)) {
    let failure: unknown;
    try {
      const found = await look();
      if (found !== undefined && found !== null && found !== false) return found as never;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      failure = error;
    }
    if (Date.now() > limit) throw new Error(`waited in vain for ${typeof what === 'string' ? what : what()}`, { cause: failure });
    await sleep(pause);
  }
}

/** Waits until events have brought an answer about. */
export const becomes = (what: string, look: () => Promise<unknown>, expected: unknown) =>
  eventually(what, async () => {
    expect(await look()).toEqual(expected);
    return true;
  });
