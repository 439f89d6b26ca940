import { setTimeout as sleep } from 'node:timers/promises';
import { createLanes } from '../src/delivery.ts';

test('never more than so many run at once, and they begin in the order in which they came', async () => {
  const take = createLanes(3).inSlot;
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const work = (n: number) => async () => {
    begun.push(n);
    most = Math.max(most, ++running);
    await sleep(1 + (n % 3));
    running -= 1;
    return n;
  };
  const all = Array.from({ length: 20 }, (_, n) => n);
  expect(await Promise.all(all.map((n) => take(work(n))))).toEqual(all);
  expect(begun).toEqual(all);
  expect(most).toBe(3);
});

test('work that fails gives its turn on', async () => {
  const take = createLanes(1).inSlot;
  const failing = take(() => Promise.reject(new Error('no')));
  const next = take(() => Promise.resolve('yes'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});
