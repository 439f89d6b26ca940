import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** Somebody who subscribes and then reads nothing any more. */
export interface StalledReader {
  /** Lets the process forget it. */
  end(): void;
}

export interface StalledOptions {
  readonly port: number;
  readonly token: string;
  readonly subscriptions: number;
}

const operation = 'subscription { piled { text sentAt } }';

/** Speaks graphql-transport-ws up to its subscriptions, and stops reading its socket. */
export async function stallReader({ port, token, subscriptions }: StalledOptions): Promise<StalledReader> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', { perMessageDeflate: false });
  // The other side cuts it off in the end.
  socket.on('error', () => undefined);
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  await once(socket, 'message');
  for (let id = 0; id < subscriptions; id++)
    socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query: operation } }));
  await sleep(200);
  socket.pause();
  return { end: () => socket.terminate() };
}
