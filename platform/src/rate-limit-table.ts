import type { Log } from './log.ts';
import { openLink } from './postgres-link.ts';

/** A table of what was spent, as `rate-limiter-flexible` asks for it: with the `query` of the driver `pg`. */
export interface RateLimitTable {
  readonly schema: string;
  readonly table: string;
  query(statement: { readonly text: string; readonly values?: readonly unknown[] }): Promise<{ rows: readonly object[]; rowCount: number }>;
  close(): Promise<void>;
}

/** Whoever waits for a limit waits inside a request. */
const answerLimitMs = 250;

/** Opens the table that several gateways share, and makes it where it is not there. It needs no log to survive a crash: it is of use for a minute. */
export async function openRateLimitTable(url: string, log: Log): Promise<RateLimitTable> {
  const link = openLink(url, 'rate limits');
  const { sql } = link;
  await sql`CREATE SCHEMA IF NOT EXISTS gateway`;
  await sql`CREATE UNLOGGED TABLE IF NOT EXISTS gateway.rate_limits (key text PRIMARY KEY, points integer NOT NULL DEFAULT 0, expire bigint)`;
  return {
    schema: 'gateway',
    table: 'rate_limits',
    query: async ({ text, values = [] }) => {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(new Error(`PostgreSQL did not answer within ${answerLimitMs} ms`)), answerLimitMs);
      // The library writes its statements itself; values go apart.
      const answer = link.ask(sql.unsafe(text, values as never[]));
      answer.catch((error: unknown) => log.debug({ error }, 'what was spent could not be kept in PostgreSQL'));
      try {
        const rows = await Promise.race([answer, late.promise]);
        return { rows: [...rows], rowCount: rows.length };
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => link.close(),
  };
}
