import { setTimeout as sleep } from 'node:timers/promises';
import { createRedisLive } from '../src/redis-live.ts';
import { external } from './support/external.ts';
import { describeLive } from './support/live-transports.ts';
import { log } from './support/probe.ts';
import { openProxy, type Proxy } from './support/proxy.ts';

let proxy: Proxy;
beforeAll(async () => {
  proxy = await openProxy(external.redis);
});
describeLive('over Redis', {
  open: () => Promise.resolve(createRedisLive({ url: proxy.url, log })),
  interrupt: async (ms) => {
    proxy.break();
    await sleep(ms);
    proxy.mend();
  },
  close: () => proxy.close(),
});
