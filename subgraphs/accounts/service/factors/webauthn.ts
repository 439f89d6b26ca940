import { randomBytes } from 'node:crypto';
import { parse } from 'uuid';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { minuteMs } from '../shared.ts';

/** The library, loaded when the first passkey is used: it brings 250 files, and many programs never need one. */
export const webauthn = () => import('@simplewebauthn/server');

export const challengeMs = 5 * minuteMs;

/** Whom authenticators answer to: exactly the public address. */
export function relyingParty({ settings }: Pick<Context, 'settings'>): { readonly id: string; readonly origin: string } {
  const { hostname, origin } = new URL(settings.publicUrl);
  return { id: hostname, origin };
}

/** 256 random bits. */
export const makeChallenge = (): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(32));

/** What an authenticator knows an account as: its id, which says nothing of the person. */
export const userHandleOf = (userId: string): Uint8Array<ArrayBuffer> => new Uint8Array(parse(userId));

const ClientData = z.object({ challenge: z.string(), crossOrigin: z.boolean().optional() });

/** The challenge that an authenticator answered, unchecked; null where the answer is broken or came from a page within another's. */
export function challengeIn(clientDataJson: string): string | null {
  const read = ClientData.safeParse(jsonIn(clientDataJson));
  return read.success && read.data.crossOrigin !== true ? read.data.challenge : null;
}

function jsonIn(base64url: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
