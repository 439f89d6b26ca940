import type { Context } from './context.ts';

/** Nothing yet. */
export function seed(_ctx: Context): Promise<void> {
  return Promise.resolve();
}
