import type { LoadRound } from '../load/process.ts';
import { compareAnswers } from '../peers/compare.ts';
import { type Field, openField } from '../peers/field.ts';
import { gateways, isOurs } from '../peers/gateways.ts';
import { operation } from '../peers/graph/query.ts';
import { peerScenarios } from '../peers/scenarios.ts';

const ours = gateways.filter(isOurs);

/** Starts ours as a scenario does, the peers left out. */
async function inField(name: string, use: (field: Field) => Promise<void>): Promise<void> {
  const scenario = peerScenarios.find((candidate) => candidate.name === name);
  if (!scenario) throw new Error(`there is no scenario ${name}`);
  const field = await openField(scenario, ours, () => undefined);
  try {
    expect(field.failures).toEqual([]);
    await use(field);
  } finally {
    await field.end();
  }
}

test.each(['http', 'in-process'])('%s: the gateway answers the operation byte for byte as the data says', async (name) => {
  await inField(name, async (field) => {
    const { checked, failures } = await compareAnswers(field);
    expect(failures).toEqual([]);
    expect(checked).toHaveLength(1);
    expect(checked[0]?.bytes).toBeGreaterThan(80_000);
    expect(checked[0]?.fetches === 0).toBe(name === 'in-process');
  });
});

test('the load generator counts right answers and finds wrong ones', async () => {
  await inField('in-process', async (field) => {
    const { checked } = await compareAnswers(field);
    const plan = { ...checked[0]?.process.ready, query: operation, distinct: true, connections: 2, durationMs: 200, firstNumber: 1 };
    const right = await field.load.ask<LoadRound>('round', { ...plan, bytes: checked[0]?.bytes });
    expect(right).toMatchObject({ wrong: 0 });
    expect(right.answers).toBeGreaterThanOrEqual(plan.connections);
    expect(right.lastNumber).toBe(right.answers + 1);
    const wrong = await field.load.ask<LoadRound>('round', { ...plan, bytes: 1 });
    expect(wrong.answers).toBe(0);
    expect(wrong.firstWrong).toContain('in place of 1');
  });
});

test('a gateway that does not start is told and harms nobody', async () => {
  const scenario = peerScenarios[0];
  if (!scenario) throw new Error('there are no scenarios');
  const broken = { ...ours[0]!, name: 'apollo' as const, entry: 'gateways/there-is-none.ts' };
  const field = await openField(scenario, [broken, ...ours], () => undefined);
  try {
    expect(field.failures).toMatchObject([{ gateway: { name: 'apollo' }, reason: expect.stringContaining('there-is-none') }]);
    expect(field.runners.map(({ gateway }) => gateway.name)).toEqual(['ours']);
  } finally {
    await field.end();
  }
});
