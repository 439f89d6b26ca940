import { setTimeout as sleep } from 'node:timers/promises';
import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import { nobody } from '@supergraph/platform/context';
import { person } from '@supergraph/platform/testing';
import { askerOf, createSharing } from '../../src/engine/sharing.ts';

const forever = () => new AbortController().signal;
const answered = (n: number): SubgraphAnswer => ({ data: { n: { deep: n } }, text: `{"data":{"n":{"deep":${n}}}}` });

function questions() {
  const sharing = createSharing();
  const calls: { readonly signal: AbortSignal; readonly answer: PromiseWithResolvers<SubgraphAnswer> }[] = [];
  const ask = (question: string, signal = forever()) =>
    sharing.ask(question, signal, (inner) => {
      const answer = Promise.withResolvers<SubgraphAnswer>();
      calls.push({ signal: inner, answer });
      return answer.promise;
    });
  return { ask, calls, sharing };
}

test('an equal question that is on its way is asked once, and everybody has data of his own', async () => {
  const { ask, calls } = questions();
  const waiting = [ask('a'), ask('a'), ask('a'), ask('b')];
  expect(calls).toHaveLength(2);
  calls[0]!.answer.resolve(answered(1));
  calls[1]!.answer.resolve(answered(2));
  const answers = await Promise.all(waiting);
  expect(answers.map(({ data }) => data)).toEqual([1, 1, 1, 2].map((deep) => ({ n: { deep } })));
  (answers[0]!.data!['n'] as Record<string, unknown>)['deep'] = 'changed';
  expect(answers[1]!.data).toEqual({ n: { deep: 1 } });
});

test('a question is asked anew when the answer was there', async () => {
  const { ask, calls } = questions();
  const first = ask('a');
  calls[0]!.answer.resolve(answered(1));
  await first;
  const second = ask('a');
  calls[1]!.answer.resolve(answered(2));
  expect((await second).data).toEqual({ n: { deep: 2 } });
});

test('whoever leaves ends his own wait; the question ends with the last one, and later ones ask anew', async () => {
  const { ask, calls } = questions();
  const [one, other] = [new AbortController(), new AbortController()];
  const waiting = [ask('a', one.signal), ask('a', other.signal)];
  one.abort();
  expect(calls[0]!.signal.aborted).toBe(false);
  other.abort();
  expect(calls[0]!.signal.aborted).toBe(true);
  const late = ask('a');
  expect(calls).toHaveLength(2);
  calls[0]!.answer.resolve({ data: null });
  calls[1]!.answer.resolve(answered(3));
  expect((await late).data).toEqual({ n: { deep: 3 } });
  await Promise.all(waiting);
});

test('a failure reaches everybody and is forgotten', async () => {
  const { ask, calls } = questions();
  const waiting = Promise.allSettled([ask('a'), ask('a')]);
  calls[0]!.answer.reject(new Error('no'));
  expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await sleep(0);
  void ask('a').catch(() => undefined);
  expect(calls).toHaveLength(2);
});

test('after a change nobody gets what was asked before it; who waits already does', async () => {
  const { ask, calls, sharing } = questions();
  const before = ask('a');
  sharing.changed();
  const after = [ask('a'), ask('a')];
  expect(calls).toHaveLength(2);
  calls[1]!.answer.resolve(answered(2));
  expect((await Promise.all(after)).map(({ data }) => data)).toEqual([{ n: { deep: 2 } }, { n: { deep: 2 } }]);
  calls[0]!.answer.resolve(answered(1));
  expect((await before).data).toEqual({ n: { deep: 1 } });
});

test('callers are told apart by what answers may depend on, requests of one caller are not', () => {
  const ada = person();
  const of = (identity: Partial<ReturnType<typeof nobody>>) => askerOf({ ...nobody(Math.random().toString()), ...identity });
  expect(of({})).toBe(of({}));
  expect(of({ viewer: ada })).toBe(of({ viewer: ada }));
  const membership = { membershipId: 'm', role: 'OWNER', permissions: [] };
  const all = [
    of({}),
    of({ viewer: ada }),
    of({ viewer: { ...ada, scopes: [] } }),
    of({ viewer: ada, organization: { id: 'o', ...membership } }),
    of({ service: 'orders' }),
  ];
  expect(new Set(all).size).toBe(all.length);
});
