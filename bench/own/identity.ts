import { rmSync } from 'node:fs';
import { readSettings } from '@supergraph/platform/config';
import { createInProcessLive } from '@supergraph/platform/in-process-bus';
import { withInternalKey } from '@supergraph/platform/internal-key';
import { createLog } from '@supergraph/platform/log';
import { startApp } from '../../gateway/app.ts';
import { makeDataDirectory, startAppProcess } from '../../gateway/tests/support/app-process.ts';
import type { Figure } from '../results/figures.ts';
import type { Findings, Scenario } from '../results/parts.ts';
import { addresses, signIn } from './identity/people.ts';
import { atOnce, changeKeys, keyChanges, type RacePace, raceRefreshes, raceSignIns, refreshing } from './identity/races.ts';
import { bearers, findMemberships, findPersonalTokens, verifyBearers } from './identity/who-asks.ts';

const pace: RacePace = { rounds: 3, roundMs: 6_000 };
const quickPace: RacePace = { rounds: 1, roundMs: 1_500 };
const unlimited = { RATE_LIMIT_PER_GUEST: '0', RATE_LIMIT_PER_USER: '0', RATE_LIMIT_PER_CLIENT: '0' };

/** What the gateway itself looks at, in this process. */
async function lookWithin(dataDirectory: string): Promise<Figure[]> {
  const settings = withInternalKey(readSettings({ ...unlimited, PORT: '0', ADMIN_PORT: '0', DATA_DIR: dataDirectory, LOG_LEVEL: 'error' }));
  const app = await startApp(settings, createLog('error', 'bench'));
  try {
    const url = `http://127.0.0.1:${app.port}`;
    const token = async (email: string) => (await signIn(url, email)).accessToken;
    const { calls } = app.runtime;
    return [
      ...(await findMemberships(calls, createInProcessLive(), token, url)),
      ...(await findPersonalTokens(calls, createInProcessLive(), token, url)),
    ];
  } finally {
    await app.stop();
  }
}

/** What clients see of a program of its own. */
async function lookFromOutside(dataDirectory: string, chosen: RacePace, tell: (line: string) => void): Promise<Figure[]> {
  const served = await startAppProcess({ dataDirectory, environment: { ...unlimited, SIGNING_KEY_LEAD_SECONDS: '0' } });
  try {
    const signIns = await raceSignIns(served, chosen, tell);
    const refreshes = await raceRefreshes(served.url, chosen.roundMs);
    tell('tokens are refreshed');
    const keys = await changeKeys(served.url, chosen.roundMs);
    tell('keys have changed');
    return [...signIns, ...refreshes, ...keys];
  } finally {
    await served.end();
  }
}

async function run(tell: (line: string) => void, quick: boolean): Promise<Findings> {
  const dataDirectory = makeDataDirectory();
  try {
    const verified = await verifyBearers(createInProcessLive());
    tell('bearers are verified');
    const within = await lookWithin(dataDirectory);
    tell('memberships and personal tokens are found');
    const outside = await lookFromOutside(dataDirectory, quick ? quickPace : pace, tell);
    return {
      figures: [...verified, ...within, ...outside],
      notes: [
        `Three times ${bearers.toLocaleString('en')} bearers of different people, one after the other, by the verifier that the gateway has, its key known; what it has verified it remembers as long as key and token hold.`,
        `A sign-in is two mutations: a flow is begun, a password proven, a session made, tokens signed, everything recorded; ${atOnce} at once, of ${addresses.length} people, the load from the same machine.`,
        `Refreshes: ${refreshing} sessions at once, each with the token that its last refresh gave; wanted on four cores: 300/s, 95 of 100 within 50 ms.`,
        `The keys change ${keyChanges} times, the next one signing at once, while clients ask with tokens from before and after, and refresh.`,
        'argon2id alone runs in the process of the load, in turns with the sign-ins, at the cost that is set by default: 46 MiB, two rounds, one lane each. Its lanes are busy as the program itself tells operators: where they always are, sign-ins wait for hashes and for nothing else.',
      ],
    };
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

/** What it costs to know who asks. */
export const identity: Scenario = { title: 'Who asks', run };
