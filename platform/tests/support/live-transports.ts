import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createBus, defineSignal, eventTopic, type LiveTransport } from '../../src/bus.ts';
import { countedEvent, envelopeOf, freshName } from './probe.ts';
import { until } from './until.ts';

export interface LiveUnderTest {
  /** One process's transport. */
  open(): Promise<LiveTransport>;
  /** Takes every connection away for so long. */
  interrupt?(ms: number): Promise<void>;
  close?(): Promise<void>;
}

/** What every live transport promises. */
export function describeLive(name: string, underTest: LiveUnderTest): void {
  describe(name, () => {
    const opened: LiveTransport[] = [];
    const open = async () => {
      const live = await underTest.open();
      opened.push(live);
      return live;
    };
    afterEach(async () => {
      for (const live of opened.splice(0)) await live.close();
    });
    afterAll(() => underTest.close?.());

    const hearing = (live: LiveTransport, topic: string) => {
      const heard: string[] = [];
      return { heard, stop: live.listen(topic, (message) => void heard.push(message)) };
    };
    /** Two processes, the second of which certainly listens. */
    const connected = async () => {
      const [one, two] = [await open(), await open()];
      const topic = freshName('hello');
      const { heard, stop } = hearing(two, topic);
      await until(() => {
        one.broadcast(topic, 'hello');
        return heard.length > 0;
      });
      stop();
      return { one, two };
    };

    test('who listens hears its own process once, and no other topic', async () => {
      const live = await open();
      const topic = freshName('topic');
      const { heard, stop } = hearing(live, topic);
      for (const message of ['one', 'two', 'two']) live.broadcast(topic, message);
      live.broadcast(`${topic}x`, 'other');
      await sleep(underTest.interrupt ? 200 : 0);
      expect(heard).toEqual(['one', 'two', 'two']);
      stop();
      live.broadcast(topic, 'late');
      await sleep(20);
      expect(heard).toHaveLength(3);
    });

    test('the bus misses nothing between subscribe and the first next, and ends with its signal', async () => {
      const live = await open();
      const bus = createBus(live);
      const contract = countedEvent();
      const ending = new AbortController();
      const stream = bus.subscribe(contract, ({ number }) => number > 1, ending.signal);
      for (const number of [1, 2, 3]) live.broadcast(eventTopic(contract.name), JSON.stringify(envelopeOf(contract, 'k', number)));
      expect((await stream.next()).value).toMatchObject({ payload: { number: 2 } });
      expect((await stream.next()).value).toMatchObject({ payload: { number: 3 } });
      const waiting = stream.next();
      ending.abort();
      expect(await waiting).toEqual({ done: true, value: undefined });
    });

    const { interrupt } = underTest;
    if (!interrupt) return;

    test('other processes hear each message once, in order, equal ones too', async () => {
      const { one, two } = await connected();
      const topic = freshName('topic');
      const { heard } = hearing(two, topic);
      const messages = Array.from({ length: 50 }, (_, number) => `message ${Math.floor(number / 2)} "ü"`);
      for (const message of messages) one.broadcast(topic, message);
      await until(() => heard.length >= 50);
      await sleep(50);
      expect(heard).toEqual(messages);
    });

    test('a message of 100 KB arrives whole and in its turn', async () => {
      const { one, two } = await connected();
      const topic = freshName('topic');
      const { heard } = hearing(two, topic);
      const large = 'ü'.repeat(50_000);
      for (const message of ['before', large, 'after']) one.broadcast(topic, message);
      await until(() => heard.length === 3);
      expect(heard).toEqual(['before', large, 'after']);
    });

    test('after the connection was lost it is heard again', async () => {
      const { one, two } = await connected();
      const topic = freshName('topic');
      const { heard } = hearing(two, topic);
      await interrupt(1_200);
      one.broadcast(topic, 'while it comes back');
      await until(async () => {
        await sleep(50);
        one.broadcast(topic, 'again');
        return heard.includes('again');
      });
    });

    test('it tells whether it hears the others', async () => {
      const live = await open();
      const states: boolean[] = [];
      const end = live.onConnection?.((connected) => void states.push(connected));
      await until(() => states.at(-1) === true);
      expect(states[0]).toBe(false);
      await interrupt(1_200);
      await until(() => states.join().includes('true,false') && states.at(-1) === true);
      end?.();
      const told = states.length;
      await live.close();
      expect(states.length).toBe(told);
    });

    test('signals reach the other process', async () => {
      const { one, two } = await connected();
      const typing = defineSignal(freshName('chat'), z.object({ who: z.string() }));
      const stream = createBus(two).signals(typing, () => true, AbortSignal.timeout(20_000));
      createBus(one).send(typing, { who: 'ann' });
      expect((await stream.next()).value).toEqual({ who: 'ann' });
      await stream.return(undefined);
    });
  });
}
