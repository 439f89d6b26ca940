import { fileURLToPath } from 'node:url';
import type { Findings, Scenario } from '../results/parts.ts';
import { compareAnswers } from './compare.ts';
import { type Field, openField } from './field.ts';
import { type Gateway, gateways, isOurs, versionOf, versionsOf } from './gateways.ts';
import { expectedData } from './graph/answer.ts';
import { limits } from './limits.ts';
import { type Detail, type Pace, race, type Raced } from './race.ts';
import { type PeerScenario, peerScenarios } from './scenarios.ts';

const pace: Pace = { rounds: 3, roundMs: 8_000, warmUpMs: 5_000 };
const quickPace: Pace = { rounds: 1, roundMs: 1_500, warmUpMs: 1_000 };

async function run(scenario: PeerScenario, tell: (line: string) => void, quick: boolean): Promise<Findings> {
  const wanted = gateways.filter((gateway) => !scenario.embedded || isOurs(gateway));
  const chosen = quick ? quickPace : pace;
  const field = await openField(scenario, wanted, tell);
  try {
    const { checked, failures } = await compareAnswers(field);
    for (const { gateway, reason } of failures) tell(`${gateway.name} is not measured: ${reason.slice(0, 300)}`);
    tell(`${checked.length} of ${wanted.length} gateways give the right answer`);
    const raced = await race(field, scenario, checked, chosen, tell);
    const all = [...field.failures, ...failures, ...raced.failures];
    return {
      figures: [],
      rows: raced.rows,
      details: raced.details,
      failures: all.map(({ gateway, reason }) => ({ gateway: gateway.name, reason: withoutPaths(reason) })),
      versions: versionsOf(wanted),
      notes: notesOf(scenario, wanted, field, raced, chosen),
    };
  } finally {
    await field.end();
  }
}

const repository = fileURLToPath(new URL('../../', import.meta.url));
/** Results speak of no machine's folders. */
const withoutPaths = (text: string): string => text.replaceAll(`file://${repository}`, '').replaceAll(repository, '');

const most = (details: readonly Detail[], what: 'driverBusy' | 'othersBusy'): string =>
  `${Math.round(Math.max(0, ...details.map((detail) => detail[what])) * 100)} %`;

function notesOf(
  scenario: PeerScenario,
  wanted: readonly Gateway[],
  { cores }: Field,
  { details }: Raced,
  { rounds, roundMs }: Pace,
): string[] {
  const versions = versionsOf(wanted);
  return [
    scenario.explanation,
    ...switchesOf(scenario),
    `Medians of ${rounds} rounds of ${roundMs / 1_000} s, gateways taking turns, 50 connections, after a warm-up. Every answer was, byte for byte, what the data says: ${expectedData().length.toLocaleString('en')} bytes of JSON.`,
    cores
      ? `A gateway runs on core ${cores.measured}, load generator and upstream on core ${cores.others}.`
      : 'Nothing is pinned to a core here (that takes taskset and two cores), so gateways, load generator and upstream compete.',
    `Load generator and upstream were busy for at most ${most(details, 'driverBusy')} of a core, where near 100 % they, not the gateway, would set the rate; programs that have nothing to do with this used up to ${most(details, 'othersBusy')} of a core meanwhile.`,
    `Ours has the limits that users get, but for cost (${limits.cost.toLocaleString('en')} in place of 5,000): the operation has five levels of lists of unknown length.`,
    ...(versions.length > 0 ? [`Versions: graphql ${versionOf('graphql')} for the peers, ${versions.join(', ')}.`] : []),
    ...unexpectedSharing(scenario, details),
  ];
}

/** Which gateways can share what the scenario lets them share. */
function switchesOf({ shareUpstream, shareInbound }: PeerScenario): string[] {
  if (!shareUpstream && !shareInbound) return [];
  const able = gateways.filter(({ shares }) => (shareInbound ? shares.inbound : shares.upstream));
  return [
    `Switched on at: ${able.map(({ title }) => title).join('; ')}. ${able.some(isOurs) ? 'The others' : 'Ours, and the others,'} have no such switch yet.`,
  ];
}

/** The upstream's count tells on switches: where nothing may be shared none of a lone request's fetches is missing, and where something may, some are. */
function unexpectedSharing({ shareUpstream }: PeerScenario, details: readonly Detail[]): string[] {
  return details.flatMap(({ gateway, fetches, fetchesAlone }) => {
    const shared = fetches < fetchesAlone * 0.98;
    const told = `${fetches} upstream requests for each request, where one alone makes ${fetchesAlone}`;
    if (shared && !shareUpstream) return [`problem: ${gateway} shared although it must not: ${told}`];
    const able = gateways.find(({ name }) => name === gateway)?.shares.upstream ?? false;
    if (!shared && shareUpstream && able && fetchesAlone > 0) return [`problem: ${gateway} shared nothing although it may: ${told}`];
    return [];
  });
}

/** A comparison with the peers for each scenario, by its name. */
export const peers: Readonly<Record<string, Scenario>> = Object.fromEntries(
  peerScenarios.map((scenario) => [
    scenario.name,
    { title: scenario.title, run: (tell, quick) => run(scenario, tell, quick) } satisfies Scenario,
  ]),
);
