import type { Db } from '@supergraph/platform/database';
import { parseInput } from '@supergraph/platform/input';
import type { Context } from '../../context.ts';
import { canSignIn } from '../../policy.ts';
import { touchDevice } from '../../store/devices.ts';
import { countSecondAttempt, findFlow, type Flow, moveFlow } from '../../store/sessions.ts';
import { lockUser, type User } from '../../store/users.ts';
import { record } from '../audit.ts';
import { hasSecondFactor } from '../factors/second.ts';
import { hashing } from '../hashing.ts';
import { noLongerValid, wrongCredentials } from '../shared.ts';
import { countForNetwork, uncountForNetwork } from './attempts.ts';
import { begin, renew } from './begin.ts';
import { concerns, show, type ShownFlow } from './flow.ts';
import { methodOf, prove, type Proven, requireFitting, Step } from './proofs.ts';

const secondAttempts = 5;

/** Checks one proof; whatever is wrong with it, the answer is the same. */
export async function continueSignIn(ctx: Context, input: unknown): Promise<ShownFlow> {
  const step = parseInput(Step, input);
  const found = await findFlow(ctx.db, step.flowId);
  if (!found || !concerns(ctx, found) || !isWaiting(ctx, found)) throw noLongerValid('sign-in');
  requireFitting(found, step);
  // Whoever is not let in is told before anything is counted.
  return step.password === undefined ? goOn(ctx, found, step) : hashing.admit(() => goOn(ctx, found, step));
}

async function goOn(ctx: Context, found: Flow, step: Step): Promise<ShownFlow> {
  await countForNetwork(ctx);
  const flow = await counted(ctx, found);
  const proven = await prove(ctx, flow, step);
  const shown = proven ? await ctx.db.transaction((tx) => advance(ctx, tx, flow, proven, step)) : null;
  if (!shown) {
    await ctx.db.transaction((tx) => noteFailure(ctx, tx, flow, step));
    throw wrongCredentials();
  }
  // Not within the transaction: everybody else who signs in from this network would wait for its end.
  // By now the person is signed in: they get their tokens, and at worst the attempt stays counted for ten minutes.
  await uncountForNetwork(ctx, ctx.db).catch((error: unknown) => ctx.log.warn({ error }, 'a right proof stays counted for its network'));
  return shown;
}

/** Goes on with what another provider said of the person; a second factor is asked for where there is one. */
export async function proceedExternally(ctx: Context, flow: Flow, proven: Proven): Promise<ShownFlow> {
  const shown = await ctx.db.transaction((tx) => advance(ctx, tx, flow, proven, { deviceName: undefined, trustDevice: false }));
  if (!shown) throw wrongCredentials();
  return shown;
}

const isWaiting = (ctx: Context, { status, expiresAt }: Flow): boolean =>
  (status === 'FIRST_FACTOR' || status === 'SECOND_FACTOR') && expiresAt > ctx.now();

/** The flow with its attempt counted, before it is known to be right or wrong. */
async function counted(ctx: Context, flow: Flow): Promise<Flow> {
  if (flow.status === 'FIRST_FACTOR') return flow;
  const after = await countSecondAttempt(ctx.db, flow.id, secondAttempts, ctx.now());
  if (!after) throw noLongerValid('sign-in');
  return after;
}

async function noteFailure(ctx: Context, tx: Db, flow: Flow, step: Step): Promise<void> {
  const isLast = flow.status === 'SECOND_FACTOR' && flow.secondAttempts >= secondAttempts;
  if (isLast) await moveFlow(tx, flow, ctx.now(), { status: 'FAILED' });
  await record(ctx, tx, {
    name: 'sign_in.failed',
    subjectId: flow.userId,
    clientId: flow.clientId,
    details: { flowId: flow.id, purpose: flow.purpose, proof: methodOf(step), ended: isLast },
  });
}

/** Moves the flow on; null when the proof does not hold any more. From the lock on nobody suspends the account or changes its credentials. */
async function advance(
  ctx: Context,
  tx: Db,
  flow: Flow,
  proven: Proven,
  step: Pick<Step, 'deviceName' | 'trustDevice'>,
): Promise<ShownFlow | null> {
  const user = await lockUser(tx, proven.userId);
  if (!user || !canSignIn(user) || !(await proven.useUp(tx))) return null;
  const isTrusted = flow.status === 'FIRST_FACTOR' && flow.deviceId !== null && (await touchDevice(tx, flow.deviceId, user.id, ctx.now()));
  const moved = { userId: user.id, proven: [...flow.proven, proven.method] };
  if (!isTrusted && (await needsSecond(tx, flow, proven, user))) {
    const half = await moveFlow(tx, flow, ctx.now(), { ...moved, status: 'SECOND_FACTOR' });
    if (!half) throw noLongerValid('sign-in');
    return show(ctx, tx, half);
  }
  const completed = await moveFlow(tx, flow, ctx.now(), { ...moved, status: 'COMPLETED' });
  if (!completed) throw noLongerValid('sign-in');
  const isAal2 = proven.isStrong || completed.proven.length > 1;
  const wishes = { deviceName: step.deviceName, trust: step.trustDevice && !isTrusted, deviceId: isTrusted ? flow.deviceId : null };
  const handover = await (flow.purpose === 'STEP_UP'
    ? renew(ctx, tx, user, completed, isAal2)
    : begin(ctx, tx, user, completed, isAal2, wishes));
  return show(ctx, tx, completed, handover);
}

const needsSecond = async (tx: Db, flow: Flow, { isStrong }: Proven, user: User): Promise<boolean> =>
  flow.status === 'FIRST_FACTOR' && !isStrong && (await hasSecondFactor(tx, user.id));
