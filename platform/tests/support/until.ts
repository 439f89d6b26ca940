import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until the condition holds; the limit is for a slow machine, not a promise of speed. */
export async function until(condition: () => unknown, limitMs = 20_000): Promise<void> {
  const limit = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return;
    if (Date.now() > limit) throw new Error(`not within ${limitMs} ms: ${condition.toString()}`);
    await sleep(5);
  }
}
