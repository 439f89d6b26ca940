import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { readOptions, serveParent } from '../processes/child.ts';
import type { News } from './news.ts';
import { signTokens, type SigningKey } from './tokens.ts';

/** One process full of subscribers. */
export interface ClientsOptions {
  readonly port: number;
  readonly publicUrl: string;
  readonly key: SigningKey;
  readonly count: number;
  /** Tells these subscribers from those of other processes. */
  readonly name: string;
  /** Where they come from, in turns. */
  readonly addresses: readonly string[];
}

/** What subscribers know of one piece of news. */
export interface Receipts {
  /** Milliseconds from telling to receipt, one for each subscriber that has it. */
  readonly delays: readonly number[];
  readonly doubled: number;
}

const options = readOptions<ClientsOptions>();
const operation = 'subscription { announced { text sentAt } }';
/** So many connect at the same time in the beginning; when they come back they all do at once. */
const connectingAtOnce = 100;

const delays = new Map<string, number[]>();
const heard = new Map<string, Set<number>>();
const doubled = new Map<string, number>();
const problems: string[] = [];
let refused = 0;

function note({ text, sentAt }: News, subscriber: number): void {
  const at = performance.timeOrigin + performance.now();
  const who = heard.get(text) ?? new Set();
  heard.set(text, who);
  if (who.has(subscriber)) return void doubled.set(text, (doubled.get(text) ?? 0) + 1);
  who.add(subscriber);
  const known = delays.get(text) ?? [];
  delays.set(text, known);
  known.push(at - sentAt);
}

/** A socket that comes from an address of its own, since an address has too few ports for all. */
function socketFrom(localAddress: string) {
  return class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { localAddress, perMessageDeflate: false });
    }
  };
}

const sockets = options.addresses.map(socketFrom);

/** One subscriber with its own socket and token; it comes back by itself, with the pauses that graphql-ws makes by default. */
function attend(subscriber: number, token: string): Promise<void> {
  const connected = Promise.withResolvers<void>();
  const client = createClient({
    url: `ws://127.0.0.1:${options.port}/graphql`,
    webSocketImpl: sockets[subscriber % sockets.length],
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 1_000,
    shouldRetry: () => true,
    on: { connected: () => connected.resolve() },
  });
  const listen = () => {
    client.subscribe<{ announced: News }>(
      { query: operation },
      {
        next: ({ data, errors }) => (data?.announced ? note(data.announced, subscriber) : void problems.push(JSON.stringify(errors))),
        error: (error) => void problems.push(error instanceof Error ? error.message : JSON.stringify(error)),
        complete: () => {
          // Refused because too many began at once: it asks again a little later.
          refused += 1;
          setTimeout(listen, 200 + Math.random() * 800);
        },
      },
    );
  };
  listen();
  return connected.promise;
}

async function connectAll(): Promise<void> {
  const people = Array.from({ length: options.count }, (_, index) => `${options.name}-${index}`);
  const tokens = await signTokens(options.key, options.publicUrl, people);
  let next = 0;
  const work = async () => {
    while (next < tokens.length) {
      const subscriber = next++;
      await attend(subscriber, tokens[subscriber] as string);
    }
  };
  await Promise.all(Array.from({ length: connectingAtOnce }, work));
}

serveParent(undefined, {
  connect: connectAll,
  receipts: (text: string): Receipts => ({ delays: delays.get(text) ?? [], doubled: doubled.get(text) ?? 0 }),
  reached: (text: string) => delays.get(text)?.length ?? 0,
  // A moment, so that nothing of what is under way is missed.
  troubles: async () => {
    await sleep(100);
    return { refused, problems: [...new Set(problems)].slice(0, 5), count: problems.length };
  },
});
