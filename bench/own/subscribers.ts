import { setTimeout as sleep } from 'node:timers/promises';
import { demo, demoPeople } from '@supergraph/schema/demo';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { ask, type AppProcess, signInAs, startAppProcess } from '../../gateway/tests/support/app-process.ts';
import { milliseconds, percentile, residentBytes } from '../measure.ts';
import type { Figure } from '../results/figures.ts';
import type { Findings, Scenario } from '../results/parts.ts';

const sockets = 20;
const perSocket = 50;
const messageCount = 20;
const quickMessageCount = 3;
const patienceMs = 30_000;
const settleMs = 1_000;

/** What subscribers ask for: the message alone, or with a name that another domain completes. */
const selections = { 'message alone': 'body', 'message with its author’s name': 'body author { displayName }' };

/** A group that the first sample person takes part in, and tokens of everybody in it. */
interface Room {
  readonly conversationId: string;
  readonly tokens: readonly string[];
}

async function enterRoom(app: AppProcess): Promise<Room> {
  const own = await signInAs(app, demoPeople[0]?.email ?? '', demo.password);
  const query = '{ viewer { conversations(first: 50) { nodes { id kind participants(first: 20) { nodes { user { id } } } } } } }';
  const { data } = await ask(app, query, { token: own });
  const rooms = data.viewer.conversations.nodes as { id: string; kind: string; participants: { nodes: { user: { id: string } }[] } }[];
  const room = rooms.find(({ kind, participants }) => kind === 'GROUP' && participants.nodes.length > 5);
  if (!room) throw new Error('the sample data has no group of six');
  const emails = room.participants.nodes.flatMap(({ user }) => demoPeople.find(({ id }) => id === user.id)?.email ?? []);
  const tokens: string[] = [];
  for (const email of emails) tokens.push(await signInAs(app, email, demo.password));
  return { conversationId: room.id, tokens };
}

/** When each subscriber received each text, and how often. */
class Receipts {
  readonly #times = new Map<string, Map<number, number[]>>();
  readonly problems: string[] = [];

  note(text: string, subscriber: number): void {
    const at = performance.now();
    const bySubscriber = this.#times.get(text) ?? new Map<number, number[]>();
    this.#times.set(text, bySubscriber);
    bySubscriber.set(subscriber, [...(bySubscriber.get(subscriber) ?? []), at]);
  }

  /** How many subscribers have the text. */
  reached(text: string): number {
    return this.#times.get(text)?.size ?? 0;
  }

  /** The first receipt of each subscriber. */
  timesOf(text: string): number[] {
    return [...(this.#times.get(text)?.values() ?? [])].flatMap((times) => times.slice(0, 1));
  }

  /** How many receipts were one too many. */
  doubledOf(text: string): number {
    return [...(this.#times.get(text)?.values() ?? [])].reduce((sum, times) => sum + times.length - 1, 0);
  }
}

interface MessageEvent {
  readonly messageAdded: { readonly node: { readonly body: string; readonly author?: { readonly displayName: string } | null } } | null;
}

interface Crowd {
  readonly receipts: Receipts;
  /** How often a subscription was refused because too many began at once, and was begun again. */
  refusals: number;
  closing: boolean;
}

const isRefusal = (errors: readonly { readonly extensions?: unknown }[] | undefined): boolean =>
  errors?.some(({ extensions }) => (extensions as { code?: unknown } | undefined)?.code === 'UPSTREAM_UNAVAILABLE') ?? false;

/** Subscribes as a client should: whoever is refused comes back a little later. */
function listen(client: Client, operation: { query: string; variables: { id: string } }, subscriber: number, crowd: Crowd): void {
  const { receipts } = crowd;
  let refused = false;
  client.subscribe<MessageEvent>(operation, {
    next: ({ data, errors }) => {
      const node = data?.messageAdded?.node;
      const complete = node && !errors && node.author !== null;
      if (complete) return receipts.note(node.body, subscriber);
      refused = !data && isRefusal(errors);
      if (!refused) receipts.problems.push(JSON.stringify(errors ?? data));
    },
    error: (error) => receipts.problems.push(error instanceof Error ? error.message : JSON.stringify(error)),
    complete: () => {
      if (!refused || crowd.closing) return;
      crowd.refusals += 1;
      setTimeout(() => listen(client, operation, subscriber, crowd), 100 + Math.random() * 400);
    },
  });
}

function subscribeAll(app: AppProcess, room: Room, selection: string, crowd: Crowd): Client[] {
  const query = `subscription ($id: ID!) { messageAdded(conversationId: $id) { node { ${selection} } } }`;
  return Array.from({ length: sockets }, (_, socket) => {
    const token = room.tokens[socket % room.tokens.length];
    const client = createClient({
      url: `${app.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
    for (let nth = 0; nth < perSocket; nth++) {
      listen(client, { query, variables: { id: room.conversationId } }, socket * perSocket + nth, crowd);
    }
    return client;
  });
}

async function send(app: AppProcess, room: Room, text: string, nth: number): Promise<'sent' | 'refused'> {
  const { errors } = await ask(app, 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }', {
    token: room.tokens[nth % room.tokens.length] as string,
    variables: { input: { conversationId: room.conversationId, clientMessageId: text, body: text } },
  });
  if (isRefusal(errors)) return 'refused';
  if (errors) throw new Error(`a message failed: ${JSON.stringify(errors)}`);
  return 'sent';
}

async function untilReached(receipts: Receipts, text: string, limitMs: number): Promise<boolean> {
  const limit = performance.now() + limitMs;
  while (receipts.reached(text) < sockets * perSocket) {
    if (performance.now() > limit) return false;
    await sleep(5);
  }
  return true;
}

/** The protocol does not say when a subscription has begun: it has when a message arrives. */
async function untilAllListen(app: AppProcess, room: Room, receipts: Receipts, prefix: string): Promise<void> {
  for (let nth = 0; nth < 20; nth++) {
    const text = `${prefix} warm-up ${nth}`;
    // While all of them begin at once a message may be refused, too.
    await sleep(500);
    if ((await send(app, room, text, nth)) === 'sent' && (await untilReached(receipts, text, 3_000))) return;
  }
  throw new Error(`not everybody listens: ${receipts.problems.slice(0, 3).join('; ')}`);
}

/** What is subscribed to, and how many messages are sent. */
interface Delivery {
  readonly name: string;
  readonly selection: string;
  readonly messages: number;
}

interface Outcome {
  readonly messages: number;
  readonly delays: readonly number[];
  readonly last: readonly number[];
  readonly lost: number;
  readonly doubled: number;
  readonly refusals: number;
  readonly problems: readonly string[];
  readonly bytesPerSubscription: number | undefined;
}

async function deliver(app: AppProcess, room: Room, { name, selection, messages }: Delivery): Promise<Outcome> {
  const receipts = new Receipts();
  const before = residentBytes(app.child.pid);
  const crowd: Crowd = { receipts, refusals: 0, closing: false };
  const clients = subscribeAll(app, room, selection, crowd);
  try {
    await untilAllListen(app, room, receipts, name);
    const after = residentBytes(app.child.pid);
    const sent = new Map<string, number>();
    for (let nth = 0; nth < messages; nth++) {
      const text = `${name} ${nth}`;
      sent.set(text, performance.now());
      if ((await send(app, room, text, nth)) === 'refused') throw new Error('a message was refused because of load');
      await untilReached(receipts, text, patienceMs);
      await sleep(300);
    }
    // Time for what would come twice.
    await sleep(settleMs);
    const delays = [...sent].map(([text, at]) => receipts.timesOf(text).map((time) => time - at));
    return {
      delays: delays.flat(),
      last: delays.map((times) => Math.max(...times)),
      messages,
      lost: sockets * perSocket * messages - delays.flat().length,
      doubled: [...sent.keys()].reduce((sum, text) => sum + receipts.doubledOf(text), 0),
      refusals: crowd.refusals,
      problems: receipts.problems,
      bytesPerSubscription: before === undefined || after === undefined ? undefined : (after - before) / (sockets * perSocket),
    };
  } finally {
    crowd.closing = true;
    for (const client of clients) await client.dispose();
  }
}

function figuresOf(name: string, { messages, delays, last, lost, doubled, refusals, bytesPerSubscription }: Outcome): Figure[] {
  const kilobytes = bytesPerSubscription === undefined ? 'unknown here' : `${(bytesPerSubscription / 1_024).toFixed(1)} kB`;
  return [
    {
      what: `${name}: from sending to receipt, p50 / p99`,
      value: `${milliseconds(percentile(delays, 0.5))} / ${milliseconds(percentile(delays, 0.99))}`,
    },
    { what: `${name}: until the last one has it, median`, value: milliseconds(percentile(last, 0.5)) },
    {
      what: `${name}: lost / doubled of ${(sockets * perSocket * messages).toLocaleString('en')}`,
      value: `${lost} / ${doubled}`,
      goal: '0 / 0',
      holds: lost + doubled === 0,
    },
    { what: `${name}: beginnings refused and repeated`, value: String(refusals) },
    { what: `${name}: resident memory per subscription`, value: kilobytes },
  ];
}

async function run(tell: (line: string) => void, quick: boolean): Promise<Findings> {
  const messages = quick ? quickMessageCount : messageCount;
  const figures: Figure[] = [];
  const problems: string[] = [];
  for (const [name, selection] of Object.entries(selections)) {
    // A program of its own for each, so that neither pays for what the other left in memory.
    const app = await startAppProcess();
    try {
      const outcome = await deliver(app, await enterRoom(app), { name, selection, messages });
      tell(`${name}: ${outcome.delays.length} receipts, ${outcome.problems.length} problems`);
      figures.push(...figuresOf(name, outcome));
      problems.push(...new Set(outcome.problems.map((problem) => `${name}: ${problem.slice(0, 300)}`)));
    } catch (cause) {
      throw new Error(`the run failed; the program said:\n${app.output()}`, { cause });
    } finally {
      await app.end();
    }
  }
  return {
    figures,
    notes: [
      `${(sockets * perSocket).toLocaleString('en')} subscriptions to one conversation, ${perSocket} on each of ${sockets} sockets, of all people in the group; ${messages} messages, one after the other.`,
      'The time begins before the mutation is sent and ends when the client has parsed the event; clients and program share the machine.',
      'Memory is what the program grew by from before the first socket until everybody had received a first message.',
      ...problems.slice(0, 5).map((problem) => `problem: ${problem}`),
    ],
  };
}

/** How fast one message reaches a thousand. */
export const subscribers: Scenario = { title: 'A thousand subscribers', run };
