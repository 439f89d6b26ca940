import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createBus, defineSignal, eventTopic, type LiveTransport } from '../src/bus.ts';
import { createInProcessLive } from '../src/in-process-bus.ts';
import { createPostgresLive } from '../src/postgres-bus.ts';
import { createTestDatabase, type TestDatabase } from '../src/test-database.ts';
import { describeLive } from './support/live-transports.ts';
import { countedEvent, envelopeOf, log } from './support/probe.ts';
import { openProxy, type Proxy } from './support/proxy.ts';

describeLive('in one process', { open: () => Promise.resolve(createInProcessLive()) });

let database: TestDatabase;
let proxy: Proxy;
beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await openProxy(database.ownerUrl);
});
describeLive('over PostgreSQL', {
  open: () => Promise.resolve(createPostgresLive({ url: proxy.url, log })),
  interrupt: async (ms) => {
    proxy.break();
    await sleep(ms);
    proxy.mend();
  },
  close: async () => {
    await proxy.close();
    await database.drop();
  },
});

describe('the bus', () => {
  const contract = countedEvent();
  /** A transport that counts its listeners. */
  const counting = () => {
    const live = createInProcessLive();
    let listeners = 0;
    const counted: LiveTransport = {
      ...live,
      listen: (topic, listener) => {
        listeners += 1;
        const stop = live.listen(topic, listener);
        let stopped = false;
        return () => {
          if (!stopped) listeners -= 1;
          stopped = true;
          stop();
        };
      },
    };
    return { live: counted, listeners: () => listeners };
  };
  const tell = (live: LiveTransport, number: number) =>
    live.broadcast(eventTopic(contract.name), JSON.stringify(envelopeOf(contract, 'k', number)));
  const all = () => true;

  test('an event is read once for all who listen, and none can change it for the others', async () => {
    const { live } = counting();
    const bus = createBus(live);
    const signal = new AbortController().signal;
    const [one, other] = [bus.subscribe(contract, all, signal), bus.subscribe(contract, all, signal)];
    tell(live, 1);
    const first = (await one.next()).value as { readonly payload: { number: number } };
    expect((await other.next()).value).toBe(first);
    expect(() => {
      first.payload.number = 2;
    }).toThrow(TypeError);
    tell(live, 2);
    expect((await other.next()).value).toMatchObject({ payload: { number: 2 } });
    await Promise.all([one.return(), other.return()]);
  });

  test('many who listen take turns, and other work comes in between', async () => {
    const { live } = counting();
    const bus = createBus(live);
    const leaving = new AbortController();
    let received = 0;
    const readers = Array.from({ length: 1_000 }, async () => {
      for await (const _event of bus.subscribe(contract, all, leaving.signal)) received += 1;
    });
    await sleep(0);
    tell(live, 1);
    const seen: number[] = [];
    while (received < 1_000) {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(received);
    }
    expect(seen.filter((count) => count > 0 && count < 1_000).length).toBeGreaterThan(2);
    tell(live, 2);
    while (received < 2_000) await sleep(1);
    leaving.abort();
    await Promise.all(readers);
    expect(received).toBe(2_000);
  });

  test('1,000 events may wait unread, one more cuts the subscriber off', async () => {
    const { live, listeners } = counting();
    const signal = new AbortController().signal;
    const [idle, slow] = [createBus(live).subscribe(contract, all, signal), createBus(live).subscribe(contract, all, signal)];
    tell(live, 0);
    await slow.next();
    for (let number = 1; number < 1_000; number += 1) tell(live, number);
    expect((await idle.next()).value).toMatchObject({ payload: { number: 0 } });
    tell(live, 1_000);
    tell(live, 1_001);
    await expect(slow.next()).rejects.toMatchObject({ extensions: { code: 'CONFLICT', reason: 'SLOW_CONSUMER' } });
    await expect(idle.next()).rejects.toMatchObject({ extensions: { reason: 'SLOW_CONSUMER' } });
    expect(listeners()).toBe(0);
  });

  test('the listener goes when the reader leaves, aborts, never began, or came too late', async () => {
    const { live, listeners } = counting();
    const bus = createBus(live);
    const subscribe = (signal = new AbortController().signal) => bus.subscribe(contract, all, signal);

    const left = subscribe();
    tell(live, 1);
    for await (const event of left) {
      expect(event.payload.number).toBe(1);
      break;
    }
    expect(listeners()).toBe(0);

    await subscribe().return(undefined);
    expect(listeners()).toBe(0);

    const ending = new AbortController();
    subscribe(ending.signal);
    expect(listeners()).toBe(1);
    ending.abort();
    expect(listeners()).toBe(0);

    expect(await subscribe(AbortSignal.abort()).next()).toEqual({ done: true, value: undefined });
    expect(listeners()).toBe(0);
  });

  test('a reader that waits can leave without another event', async () => {
    const { live, listeners } = counting();
    const stream = createBus(live).subscribe(contract, all, new AbortController().signal);
    const waiting = stream.next();
    await stream.return(undefined);
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(listeners()).toBe(0);
  });

  test('a filter that throws ends its own stream and no other', async () => {
    const { live } = counting();
    const signal = new AbortController().signal;
    const broken = createBus(live).subscribe(
      contract,
      () => {
        throw new Error('my own fault');
      },
      signal,
    );
    const fine = createBus(live).subscribe(contract, all, signal);
    tell(live, 1);
    await expect(broken.next()).rejects.toThrow('my own fault');
    expect((await fine.next()).value).toMatchObject({ payload: { number: 1 } });
    await fine.return(undefined);
  });

  test('what does not fit the contract is not told', async () => {
    const { live } = counting();
    const signals = defineSignal('probe.typing', z.object({ who: z.string() }));
    const bus = createBus(live);
    const stream = bus.signals(signals, all, AbortSignal.timeout(20_000));
    live.broadcast(signals.topic, '{"who":7}');
    bus.send(signals, { who: 'ann' });
    expect((await stream.next()).value).toEqual({ who: 'ann' });
    await stream.return(undefined);
  });
});
