import { createHmac } from 'node:crypto';
import type { Viewer } from '@supergraph/platform/context';
import type { TestSubgraph } from '@supergraph/platform/testing';
import { type Authenticator, createAuthenticator, type AuthenticatorOptions } from './authenticator.ts';
import { documents, password, people, viewerOf } from './support.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function fromBase32(text: string): Buffer {
  const bits = text
    .split('')
    .map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** The code that an authenticator app shows at a moment (RFC 6238 with SHA-1, 30 s and 6 digits). */
export function codeAt(secret: string, at: Date, steps = 0): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at.getTime() / 30_000) + steps));
  const hash = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  const offset = (hash.at(-1) ?? 0) & 15;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** What a test of second factors does again and again. */
export function factors(graph: TestSubgraph) {
  const { run, settings } = graph;
  const { register, signIn } = people(graph);
  const now = async () => (await graph.context()).now();
  const start = async (identifier: string | undefined, more: object = {}, as: Viewer | null = null) =>
    (await run(documents.start, { as, input: { ...(identifier ? { identifier } : {}), ...more } })).data.startSignIn.flow;
  const proceed = (flowId: string, proof: object, as: Viewer | null = null) => run(documents.proceed, { as, input: { flowId, ...proof } });
  /** A flow whose password was right. */
  const half = async (identifier: string) => {
    const { id } = await start(identifier);
    return (await proceed(id, { password })).data.continueSignIn.flow;
  };
  const authenticator = (more: Partial<AuthenticatorOptions> = {}) => createAuthenticator({ origin: settings.publicUrl, ...more });
  const newcomer = async (handle: string) => ({ ...(await register(handle)), ...(await signIn(handle)) });
  const enroll = async (as: Viewer, label?: string) => {
    const { data } = await run(documents.startTotp, { as, input: label ? { label } : {} });
    const { enrollmentId, secret, otpauthUri } = data.startTotpEnrollment;
    const confirmed = await run(documents.confirmTotp, { as, input: { enrollmentId, code: codeAt(secret, await now()) } });
    return { secret: secret as string, otpauthUri: otpauthUri as string, confirmed };
  };
  const registerPasskey = async (as: Viewer, device: Authenticator) => {
    const { data } = await run(documents.startPasskey, { as, input: {} });
    const response = await device.create(data.startPasskeyRegistration.options);
    return run(documents.finishPasskey, { as, input: { response } });
  };
  /** Proves oneself again within a session, by password and what follows it. */
  const stepUp = async (as: Viewer, second?: object) => {
    const { id } = await start(undefined, { purpose: 'STEP_UP' }, as);
    const first = await proceed(id, { password }, as);
    const { data } = second ? await proceed(id, second, as) : first;
    return viewerOf(data.continueSignIn.flow.tokens.accessToken);
  };
  return { now, start, proceed, half, authenticator, newcomer, enroll, registerPasskey, stepUp };
}
