import postgres from 'postgres';
import { createPostgresEngine } from '../../src/postgres-bus.ts';
import type { EngineUnderTest } from './event-engines.ts';
import { log } from './probe.ts';
import { openProxy, type Proxy } from './proxy.ts';
import { setTimeout as sleep } from 'node:timers/promises';

/** The PostgreSQL engine, connected through a proxy that can be broken. */
export function postgresUnderTest(database: () => Promise<{ url: string; drop(): Promise<void> }>): EngineUnderTest {
  const opened = (async () => database())();
  opened.catch(() => undefined); // The first test that needs it fails with the reason.
  let proxy: Promise<Proxy> | undefined;
  const through = () => (proxy ??= opened.then(({ url }) => openProxy(url)));
  return {
    databaseUrl: async () => (await opened).url,
    open: async () => createPostgresEngine({ url: (await through()).url, log }),
    interrupt: async (ms) => {
      const { break: end, mend } = await through();
      end();
      await sleep(ms);
      mend();
    },
    forget: async (consumers) => {
      const sql = postgres((await opened).url, { max: 1, onnotice: () => undefined });
      await sql`delete from bus.deliveries where consumer in ${sql([...consumers])}`;
      await sql`delete from bus.consumers where name in ${sql([...consumers])}`;
      await sql.end();
    },
    close: async () => {
      await (await proxy)?.close();
      await (await opened).drop();
    },
  };
}
