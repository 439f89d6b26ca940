import { setTimeout as sleep } from 'node:timers/promises';
import { createRabbitEngine } from '../src/rabbit-bus.ts';
import { createTestDatabase } from '../src/test-database.ts';
import { describeEngine } from './support/event-engines.ts';
import { createExternalDatabase, external, forgetQueues } from './support/external.ts';
import { postgresUnderTest } from './support/postgres-engine.ts';
import { log } from './support/probe.ts';
import { openProxy, type Proxy } from './support/proxy.ts';

describeEngine('over an external PostgreSQL', postgresUnderTest(createExternalDatabase));

let proxy: Promise<Proxy> | undefined;
let database: ReturnType<typeof createTestDatabase> | undefined;
const through = () => (proxy ??= openProxy(external.amqp));

describeEngine('over RabbitMQ', {
  databaseUrl: async () => (await (database ??= createTestDatabase())).ownerUrl,
  open: async () => createRabbitEngine({ url: (await through()).url, log }),
  interrupt: async (ms) => {
    const { break: end, mend } = await through();
    end();
    await sleep(ms);
    mend();
  },
  forget: forgetQueues,
  close: async () => {
    await (await proxy)?.close();
    await (await database)?.drop();
  },
});
