import { type Bus, defineSignal } from '@supergraph/platform/bus';
import { parseInput } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { admitted } from '../feed/gate.ts';
import { takeSeat } from '../feed/hub.ts';
import { requirePlace } from './access.ts';
import { Typing } from './input.ts';

const typing = defineSignal('chat.typing', z.object({ conversationId: z.uuid(), userId: z.uuid(), typing: z.boolean() }));
const lastsMs = 6_000;
const mostShown = 100;

/** Who types in a conversation right now. */
export interface TypingState {
  readonly conversationId: string;
  readonly userIds: readonly string[];
}

/** Of each conversation who types and until when, as a process has heard; those who stopped go with the next sign of anybody there. */
type Heard = Map<string, Map<string, number>>;
const heardOn = new WeakMap<Bus, Heard>();
const mostConversations = 10_000;

/** Begins to listen to who types, for those who ask later; ends with the domain. */
export function listenToTyping(ctx: Context): Promise<void> {
  const heard: Heard = new Map();
  heardOn.set(ctx.bus, heard);
  void keepListening(ctx, heard);
  return Promise.resolve();
}

async function keepListening(ctx: Context, heard: Heard): Promise<void> {
  while (!ctx.signal.aborted) {
    try {
      for await (const sign of ctx.bus.signals(typing, () => true, ctx.signal)) note(heard, sign, ctx.now().getTime());
    } catch (error) {
      ctx.log.warn({ error }, 'signs of typing were lost; it is listened on');
    }
  }
}

function note(heard: Heard, { conversationId, userId, typing: on }: z.infer<(typeof typing)['payload']>, now: number): void {
  const typists = heard.get(conversationId) ?? new Map<string, number>();
  for (const [other, until] of typists) if (until <= now) typists.delete(other);
  typists.delete(userId);
  if (on) typists.set(userId, now + lastsMs);
  // Removed and put back, so that the conversation that is silent longest comes first.
  heard.delete(conversationId);
  if (typists.size > 0) heard.set(conversationId, typists);
  const [eldest] = heard.keys();
  if (heard.size > mostConversations && eldest !== undefined) heard.delete(eldest);
}

/** Who types in a conversation right now, without the viewer. */
export function listTypists(ctx: Context, conversationId: string): string[] {
  const now = ctx.now().getTime();
  return [...(heardOn.get(ctx.bus)?.get(conversationId) ?? [])]
    .filter(([userId, until]) => until > now && userId !== ctx.viewer?.userId)
    .map(([userId]) => userId)
    .slice(0, mostShown);
}

/** Tells the others that the viewer types or stopped; nothing is stored. */
export async function setTyping(ctx: Context, input: unknown): Promise<void> {
  const { conversationId, typing: on } = parseInput(Typing, input);
  const { place } = await requirePlace(ctx, conversationId);
  ctx.bus.send(typing, { conversationId, userId: place.userId, typing: on });
}

/** A message, or leaving, ends typing. */
export const stoppedTyping = (ctx: Context, conversationId: string, userId: string): void =>
  ctx.bus.send(typing, { conversationId, userId, typing: false });

/** The whole list of those who type, without the viewer, whenever it changes; ends when the viewer no longer takes part. */
export async function watchTyping(ctx: Context, conversationId: string): Promise<AsyncGenerator<TypingState, void>> {
  const { conversation, place } = await admitted(() => requirePlace(ctx, conversationId));
  // The seat only tells when it ends; changes themselves are of no interest.
  const seat = takeSeat(ctx, conversation, { place, behind: conversation.lastChange, wants: () => false });
  const wanted = (signal: { conversationId: string; userId: string }) =>
    signal.conversationId === conversationId && signal.userId !== place.userId;
  const signals = ctx.bus.signals(typing, wanted, AbortSignal.any([ctx.signal, seat.ended]));
  const states = typingStates(ctx, conversationId, signals);
  // The seat ends by removal, by the client, or with the request; leaving it twice does no harm.
  seat.ended.addEventListener('abort', seat.leave, { once: true });
  const end = states.return.bind(states);
  states.return = (value) => {
    seat.leave();
    return end(value);
  };
  return states;
}

async function* typingStates(
  ctx: Context,
  conversationId: string,
  signals: AsyncGenerator<{ userId: string; typing: boolean }, void>,
): AsyncGenerator<TypingState, void> {
  const until = new Map<string, number>();
  let next = signals.next();
  for (;;) {
    const told = await Promise.race([next, expiry(ctx, until)].filter((one) => one !== undefined));
    const before = [...until.keys()].join();
    if (told) {
      if (told.done) return;
      next = signals.next();
      until.delete(told.value.userId);
      if (told.value.typing) until.set(told.value.userId, ctx.now().getTime() + lastsMs);
    }
    const now = ctx.now().getTime();
    for (const [userId, ends] of until) if (ends <= now) until.delete(userId);
    if (sameEntries(before, until)) continue;
    yield { conversationId, userIds: [...until.keys()].slice(0, mostShown) };
  }
}

const sameEntries = (before: string, until: ReadonlyMap<string, number>): boolean =>
  before.split(',').toSorted().join() === [...until.keys()].toSorted().join();

/** Resolves when the first of them has been silent for too long. */
function expiry(ctx: Context, until: ReadonlyMap<string, number>): Promise<null> | undefined {
  if (until.size === 0) return undefined;
  const wait = Math.max(0, Math.min(...until.values()) - ctx.now().getTime());
  const { promise, resolve } = Promise.withResolvers<null>();
  setTimeout(resolve, wait + 1, null).unref();
  return promise;
}
