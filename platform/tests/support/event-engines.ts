import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EventEngine } from '../../src/bus.ts';
import { handledAtOnce } from '../../src/delivery.ts';
import type { Envelope } from '../../src/events.ts';
import { byKey, type Counted, countedEvent, envelopeOf, freshName, openProbe, type Probe } from './probe.ts';
import { until } from './until.ts';

export interface EngineUnderTest {
  /** One process's engine. */
  open(): Promise<EventEngine>;
  /** Takes every connection to the broker away for so long. */
  interrupt?(ms: number): Promise<void>;
  /** Where the domain's own tables are. */
  databaseUrl(): Promise<string>;
  /** Removes what the named consumers left. */
  forget?(consumers: readonly string[]): Promise<void>;
  close?(): Promise<void>;
}

const counted = (keys: readonly string[], each: number): Counted[] =>
  Array.from({ length: each }, (_, number) => keys.map((key) => ({ key, number }))).flat();
const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

/** What every event engine promises, tested together with the relay and the inbox. */
export function describeEngine(name: string, underTest: EngineUnderTest): void {
  describe(name, () => {
    let probe: Probe;
    const consumers: string[] = [];
    const endings: (() => unknown)[] = [];
    beforeAll(async () => {
      probe = await openProbe(await underTest.databaseUrl());
    });
    afterEach(async () => {
      for (const end of endings.splice(0).toReversed()) await end();
      await underTest.forget?.(consumers.splice(0));
      await probe.clear();
    });
    afterAll(async () => {
      await probe?.close();
      await underTest.close?.();
    });

    const open = async () => {
      const engine = await underTest.open();
      endings.push(() => engine.close());
      return engine;
    };
    const consumerName = () => {
      const fresh = freshName('consumer');
      consumers.push(fresh);
      return fresh;
    };
    const relayOf = (engine: EventEngine) => {
      const relay = probe.relay(engine);
      endings.push(() => relay.stop());
      relay.start();
      return relay;
    };
    const plain = (patterns: readonly string[], handle: Consumer['handle'], setAside: Consumer['setAside'] = () => Promise.resolve()) => ({
      name: consumerName(),
      patterns,
      handle,
      setAside,
    });

    test('each event takes effect once and in order per key, though handlers fail now and then', async () => {
      const contract = countedEvent();
      const engine = await open();
      let calls = 0;
      const refuse = () => {
        calls += 1;
        if (calls % 7 === 0) throw new Error('not today');
      };
      await engine.consume(probe.consumer(consumerName(), contract, refuse));
      const relay = relayOf(engine);
      await probe.emit(contract, counted(['a', 'b', 'c'], 12));
      relay.wake();
      await until(async () => (await probe.effects()).length === 36);
      expect(byKey(await probe.effects())).toEqual({ a: upTo(12), b: upTo(12), c: upTo(12) });
      expect(calls).toBeGreaterThan(36);
      await until(async () => (await probe.unpublished()) === 0);
    });

    test('an event that is delivered twice has one effect', async () => {
      const contract = countedEvent();
      const engine = await open();
      await engine.consume(probe.consumer(consumerName(), contract));
      const twice = envelopeOf(contract, 'a', 1);
      await engine.publish(twice);
      await until(async () => (await probe.effects()).length === 1);
      await engine.publish(twice);
      await engine.publish(envelopeOf(contract, 'a', 2));
      await until(async () => (await probe.effects()).length >= 2);
      expect(await probe.effects()).toEqual([
        { key: 'a', number: 1 },
        { key: 'a', number: 2 },
      ]);
    });

    test('a poison event is set aside, its key goes on, and other keys never wait', async () => {
      const contract = countedEvent();
      const engine = await open();
      const othersThrough = Promise.withResolvers<void>();
      let tries = 0;
      const refuse = async ({ key, number }: Counted) => {
        if (key !== 'bad' || number !== 0) return;
        tries += 1;
        if (tries > 1) await othersThrough.promise;
        throw new Error('always');
      };
      const consumer = consumerName();
      await engine.consume(probe.consumer(consumer, contract, refuse));
      const relay = relayOf(engine);
      await probe.emit(contract, counted(['bad', 'good'], 3));
      relay.wake();
      await until(async () => byKey(await probe.effects())['good']?.length === 3);
      // Also what is written while the poison is still being tried.
      await probe.emit(contract, counted(['late'], 3));
      relay.wake();
      await until(async () => byKey(await probe.effects())['late']?.length === 3);
      expect(byKey(await probe.effects())['bad']).toBeUndefined();
      othersThrough.resolve();
      await until(async () => byKey(await probe.effects())['bad']?.length === 2);
      expect(byKey(await probe.effects())['bad']).toEqual([1, 2]);
      expect(await probe.deadLetters()).toMatchObject([{ consumer, attempts: 5, reason: expect.stringContaining('always') as string }]);
    });

    test('an event that cannot be set aside is kept and tried again', async () => {
      const contract = countedEvent();
      const engine = await open();
      const handled: number[] = [];
      let mended = false;
      const consumer = plain(
        [contract.name],
        ({ payload }) => {
          if (!mended) return Promise.reject(new Error('broken'));
          handled.push((payload as Counted).number);
          return Promise.resolve();
        },
        () => {
          mended = true;
          return Promise.reject(new Error('no room'));
        },
      );
      await engine.consume(consumer);
      relayOf(engine);
      await probe.emit(contract, counted(['a'], 2));
      await until(() => handled.length === 2);
      expect(handled).toEqual([0, 1]);
    });

    test('a consumer that was away gets what was published meanwhile', async () => {
      const contract = countedEvent();
      const name = consumerName();
      const first = await open();
      const end = await first.consume(probe.consumer(name, contract));
      await end();
      const relay = relayOf(first);
      await probe.emit(contract, counted(['a', 'b'], 5));
      await relay.drain().catch((error: unknown) => expect(String(error)).toContain('takes no more events'));
      await relay.stop();
      await first.close();
      expect(await probe.effects()).toEqual([]);

      const second = await open();
      await second.consume(probe.consumer(name, contract));
      relayOf(second);
      await until(async () => (await probe.effects()).length === 10);
      expect(byKey(await probe.effects())).toEqual({ a: upTo(5), b: upTo(5) });
    });

    test('a relay killed between confirmation and mark sends again, to one effect', async () => {
      const contract = countedEvent();
      const engine = await open();
      await engine.consume(probe.consumer(consumerName(), contract));
      const dying: EventEngine = {
        ...engine,
        publish: async (envelope: Envelope) => {
          await engine.publish(envelope);
          throw new Error('killed');
        },
      };
      await probe.emit(contract, counted(['a', 'b'], 4));
      await expect(probe.relay(dying).drain()).rejects.toThrow('killed');
      expect(await probe.unpublished()).toBe(8);
      await probe.relay(engine).drain();
      await until(async () => (await probe.effects()).length >= 8);
      await sleep(100);
      expect(byKey(await probe.effects())).toEqual({ a: upTo(4), b: upTo(4) });
    });

    test('a consumer is handed a few events at once, however many wait', async () => {
      const contract = countedEvent();
      const engine = await open();
      const full = Promise.withResolvers<void>();
      let active = 0;
      let most = 0;
      let done = 0;
      await engine.consume(
        plain([contract.name], async () => {
          active += 1;
          most = Math.max(most, active);
          if (active === handledAtOnce) full.resolve();
          await full.promise;
          await sleep(1);
          active -= 1;
          done += 1;
        }),
      );
      await Promise.all(upTo(40).map((number) => engine.publish(envelopeOf(contract, `key ${number}`, number))));
      await until(() => done === 40);
      expect(most).toBe(handledAtOnce);
    });

    test('while a consumer hangs, what waits stays in the outbox and does not fill the memory', async () => {
      const contract = countedEvent();
      const released = Promise.withResolvers<void>();
      let sent = 0;
      const hanging: EventEngine = {
        ...(await open()),
        publish: async () => {
          sent += 1;
          await released.promise;
        },
      };
      const relay = relayOf(hanging);
      await probe.emit(contract, counted(upTo(150).map(String), 1));
      relay.wake();
      await until(() => sent === 100);
      // Several rounds of the relay.
      await sleep(1_000);
      expect(sent).toBe(100);
      released.resolve();
      await until(async () => (await probe.unpublished()) === 0);
      expect(sent).toBe(150);
    });

    test('patterns choose: one name, or one thing of all domains', async () => {
      const [one, other] = [countedEvent(), countedEvent()];
      const engine = await open();
      const verb = freshName('verb');
      const family = (domain: string) => ({ ...envelopeOf(one, 'k', 7), name: `${domain}.thing.${verb}` });
      const seen: string[] = [];
      await engine.consume(plain([one.name, `*.thing.${verb}`], ({ name: event }) => (seen.push(event), Promise.resolve())));
      await engine.publish(envelopeOf(other, 'k', 0));
      await engine.publish(envelopeOf(one, 'k', 1));
      await engine.publish(family('orders'));
      await engine.publish(family('catalog'));
      await until(() => seen.length === 3);
      expect(seen).toEqual([one.name, `orders.thing.${verb}`, `catalog.thing.${verb}`]);
    });

    const { interrupt } = underTest;
    if (!interrupt) return;

    test('several processes of a consumer share its work, never two events of one key at once', async () => {
      const contract = countedEvent();
      const name = consumerName();
      const active = new Set<string>();
      const seen: Counted[] = [];
      let overlaps = 0;
      const consumer = {
        ...plain([contract.name], async ({ payload }) => {
          const event = payload as Counted;
          if (active.has(event.key)) overlaps += 1;
          active.add(event.key);
          await sleep(2);
          active.delete(event.key);
          seen.push(event);
        }),
        name,
      };
      const [publisher, one, two] = [await open(), await open(), await open()];
      await one.consume(consumer);
      await two.consume(consumer);
      const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
      for (const event of counted(keys, 10)) await publisher.publish(envelopeOf(contract, event.key, event.number));
      await until(() => seen.length >= 80);
      expect(overlaps).toBe(0);
      expect(byKey(seen)).toEqual(Object.fromEntries(keys.map((key) => [key, upTo(10)])));
    });

    test('when a process of the consumer ends, another takes over', async () => {
      const contract = countedEvent();
      const name = consumerName();
      const seen: number[] = [];
      const consumer = { ...plain([contract.name], ({ payload }) => (seen.push((payload as Counted).number), Promise.resolve())), name };
      const [publisher, one, two] = [await open(), await open(), await open()];
      const end = await one.consume(consumer);
      await two.consume(consumer);
      await publisher.publish(envelopeOf(contract, 'a', 0));
      await until(() => seen.length === 1);
      await end();
      await publisher.publish(envelopeOf(contract, 'a', 1));
      await until(() => seen.length === 2);
      expect(seen).toEqual([0, 1]);
    });

    test('connections that break in the middle cost nothing', async () => {
      const contract = countedEvent();
      const engine = await open();
      await engine.consume(probe.consumer(consumerName(), contract));
      const relay = relayOf(engine);
      const keys = ['a', 'b', 'c', 'd'];
      const writing = (async () => {
        for (let number = 0; number < 60; number += 1) {
          await probe.emit(
            contract,
            keys.map((key) => ({ key, number })),
          );
          relay.wake();
          await sleep(10);
        }
      })();
      for (const pauseMs of [0, 0, 1_500]) {
        await sleep(150);
        await interrupt(pauseMs);
      }
      await writing;
      await until(async () => (await probe.effects()).length >= 240, 40_000);
      await until(async () => (await probe.unpublished()) === 0);
      await sleep(200);
      expect(byKey(await probe.effects())).toEqual(Object.fromEntries(keys.map((key) => [key, upTo(60)])));
      expect(await probe.deadLetters()).toEqual([]);
    }, 90_000);
  });
}
