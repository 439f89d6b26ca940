import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { forbidden, notFound } from '@supergraph/platform/errors';
import { idInput, nameText, optional, parseInput } from '@supergraph/platform/input';
import { canStepUp } from '@supergraph/platform/step-up';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { hashOf } from '../../oauth/seals.ts';
import { hashSecret } from '../../secrets.ts';
import { findDeviceByHash } from '../../store/devices.ts';
import { findChallenge, insertChallenge, type Passkey } from '../../store/passkeys.ts';
import { findFlow, type Flow, insertFlow, type NewFlow } from '../../store/sessions.ts';
import { findPasswords, findUserByEmail, findUserByHandle } from '../../store/users.ts';
import { secondFactorsOf } from '../factors/second.ts';
import { challengeMs, makeChallenge, relyingParty, webauthn } from '../factors/webauthn.ts';
import { findInteraction, interactionText } from '../oauth/interactions.ts';
import { minuteMs, noLongerValid } from '../shared.ts';
import { isOurs } from '../step-up.ts';
import { firstPartyClient, type TokenSet } from '../tokens.ts';
import { accountKey, unknownKey } from './attempts.ts';

const flowMs = 10 * minuteMs;

const Start = z.strictObject({
  identifier: optional(nameText({ max: 254 })),
  purpose: z
    .enum(['SIGN_IN', 'STEP_UP'])
    .nullish()
    .transform((purpose) => purpose ?? 'SIGN_IN'),
  clientId: z
    .string()
    .nullish()
    .transform((clientId) => clientId ?? firstPartyClient),
  interactionId: optional(interactionText),
  deviceToken: optional(z.string().max(200, 'must have at most 200 characters')),
});
type Start = z.infer<typeof Start>;

/** What a completed flow hands over, once. */
export interface Handover {
  /** Null where the browser goes on by itself. */
  readonly tokens: TokenSet | null;
  readonly redirectUrl?: string | null;
  readonly deviceToken: string | null;
}

/** A flow as clients see it; tokens and device secret are there once. */
export interface ShownFlow extends Pick<Flow, 'id' | 'purpose' | 'status' | 'expiresAt'> {
  readonly nextSteps: readonly Step[];
  /** Makes a challenge, which is only done for who wants one. */
  readonly passkeyOptions: () => Promise<object | null>;
  readonly tokens: TokenSet | null;
  readonly redirectUrl: string | null;
  readonly deviceToken: string | null;
}
type Step = Flow['proven'][number];

/** What a client may know of a flow as it stands. */
export async function show(ctx: Context, db: Db, flow: Flow, handover?: Handover): Promise<ShownFlow> {
  const { id, purpose, expiresAt } = flow;
  const isWaiting = flow.status === 'FIRST_FACTOR' || flow.status === 'SECOND_FACTOR';
  const status = isWaiting && expiresAt <= ctx.now() ? 'EXPIRED' : flow.status;
  const { steps, passkeys } = await nextSteps(db, { ...flow, status });
  return {
    id,
    purpose,
    status,
    expiresAt,
    nextSteps: steps,
    passkeyOptions: async () => (steps.includes('PASSKEY') ? passkeyOptions(ctx, flow, passkeys) : null),
    tokens: handover?.tokens ?? null,
    redirectUrl: handover?.redirectUrl ?? null,
    deviceToken: handover?.deviceToken ?? null,
  };
}

interface Next {
  readonly steps: Step[];
  /** Those that may answer; none names nobody's. */
  readonly passkeys: readonly Passkey[];
}

/** Of a sign-in's first proof nothing depends on whether there is an account. */
async function nextSteps(db: Db, { purpose, status, userId, isOpen }: Flow): Promise<Next> {
  if (status !== 'FIRST_FACTOR' && status !== 'SECOND_FACTOR') return { steps: [], passkeys: [] };
  if (status === 'FIRST_FACTOR' && purpose === 'SIGN_IN') return { steps: isOpen ? ['PASSKEY'] : ['PASSWORD', 'PASSKEY'], passkeys: [] };
  if (!userId) throw new Error('a flow that knows its account names it');
  const { hasTotp, passkeys, recoveryCodesLeft } = await secondFactorsOf(db, userId);
  const passkey: Step[] = passkeys.length > 0 ? ['PASSKEY'] : [];
  if (status === 'FIRST_FACTOR') {
    const passwords = await findPasswords(db, [userId]);
    return { steps: [...(passwords.length > 0 ? (['PASSWORD'] as const) : []), ...passkey], passkeys };
  }
  return {
    steps: [...(hasTotp ? (['TOTP'] as const) : []), ...passkey, ...(recoveryCodesLeft > 0 ? (['RECOVERY_CODE'] as const) : [])],
    passkeys,
  };
}

/** What the browser needs for `navigator.credentials.get`, with a challenge that nobody answered yet. */
async function passkeyOptions(ctx: Context, flow: Flow, passkeys: readonly Passkey[]): Promise<object> {
  const { db } = ctx;
  const now = ctx.now();
  const waiting = await findChallenge(db, flow.id, now);
  const { generateAuthenticationOptions } = await webauthn();
  const options = await generateAuthenticationOptions({
    rpID: relyingParty(ctx).id,
    challenge: waiting ? new Uint8Array(Buffer.from(waiting.challenge, 'base64url')) : makeChallenge(),
    timeout: challengeMs,
    userVerification: flow.status === 'FIRST_FACTOR' ? 'required' : 'preferred',
    allowCredentials: passkeys.map(({ credentialId, transports }) => ({ id: credentialId, transports })),
  });
  if (!waiting) {
    const expiresAt = new Date(now.getTime() + challengeMs);
    await insertChallenge(db, { purpose: 'PROVE', challenge: options.challenge, flowId: flow.id, createdAt: now, expiresAt });
  }
  return options;
}

/** Whether the flow may be seen and gone on with by whoever asks. */
export const concerns = (ctx: Context, flow: Flow): boolean =>
  flow.purpose === 'SIGN_IN' || (flow.sessionId !== null && flow.sessionId === ctx.viewer?.sessionId);

/** A flow without what it handed over, or null. */
export async function findShownFlow(ctx: Context, id: string): Promise<ShownFlow | null> {
  if (!idInput.safeParse(id).success) return null;
  const flow = await findFlow(ctx.db, id);
  return flow && concerns(ctx, flow) ? show(ctx, ctx.db, flow) : null;
}

/** Begins a flow; it looks the same for an identifier that nobody has. */
export async function startSignIn(ctx: Context, input: unknown): Promise<ShownFlow> {
  const wanted = parseInput(Start, input);
  if (wanted.clientId !== firstPartyClient) throw notFound('OAuthClient');
  const { purpose, clientId, interactionId } = wanted;
  const interaction = interactionId ? await findInteraction(ctx, interactionId) : null;
  if (interactionId && !interaction) throw noLongerValid('interaction');
  const interactionHash = interactionId ? hashOf(interactionId) : null;
  const expiresAt = new Date(ctx.now().getTime() + flowMs);
  const deviceToken = interaction?.wantsTwoFactors ? undefined : wanted.deviceToken;
  const meant = purpose === 'STEP_UP' ? await viewerMeant(ctx) : await personMeant(ctx, { ...wanted, deviceToken });
  return show(ctx, ctx.db, await insertFlow(ctx.db, { purpose, clientId, interactionHash, createdAt: ctx.now(), expiresAt, ...meant }));
}

type Meant = Pick<NewFlow, 'userId' | 'attemptKey' | 'isOpen' | 'sessionId' | 'deviceId'>;

async function viewerMeant(ctx: Context): Promise<Meant> {
  const viewer = requireViewer(ctx);
  if (!canStepUp(viewer) || !(await isOurs(ctx, viewer)))
    throw forbidden('only a person in a session of their own can prove themselves again', { reason: 'STEP_UP_IMPOSSIBLE' });
  return { userId: viewer.userId, sessionId: viewer.sessionId, attemptKey: accountKey(viewer.userId) };
}

async function personMeant(ctx: Context, { identifier, deviceToken }: Start): Promise<Meant> {
  if (!identifier) return { userId: null, attemptKey: 'open', isOpen: true };
  const user = identifier.includes('@') ? await findUserByEmail(ctx.db, identifier) : await findUserByHandle(ctx.db, identifier);
  const device = deviceToken ? await findDeviceByHash(ctx.db, hashSecret(deviceToken), ctx.now()) : null;
  return {
    userId: user?.id ?? null,
    attemptKey: user ? accountKey(user.id) : unknownKey(ctx, identifier),
    deviceId: device && device.userId === user?.id ? device.id : null,
  };
}
