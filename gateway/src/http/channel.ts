import type { ServerResponse } from 'node:http';
import type { SlowReaders } from '../slow-readers.ts';
import type { Headers } from './reply.ts';

/** A response that is written bit by bit. */
export interface Channel {
  /** Resolves when the text has left; false when nobody listens any more. */
  write(text: string): Promise<boolean>;
  /** Writes without waiting: for what may be said while something else is on its way. */
  say(text: string): void;
  /** Ends the response after `text`; cut off where it did not take what was written. */
  end(text?: string): void;
}

/** Begins a response in parts. Each part waits until the one before has left, so a slow reader keeps its source waiting. */
export function openChannel(slowReaders: SlowReaders, response: ServerResponse, status: number, headers: Headers): Channel {
  // Proxies must pass on each part as it comes.
  response.writeHead(status, { ...headers, 'x-accel-buffering': 'no' });
  const unwatch = response.socket ? slowReaders.watch(response.socket, () => response.destroy()) : () => undefined;
  response.once('close', unwatch);
  return {
    write: (text) =>
      new Promise((resolve) => {
        if (response.destroyed || response.writableEnded) return resolve(false);
        // The callback of a write never comes when the connection breaks before.
        const left = () => resolve(false);
        response.once('close', left);
        response.write(text, (error) => {
          response.off('close', left);
          resolve(!error);
        });
      }),
    say: (text) => {
      if (!response.destroyed && !response.writableEnded) response.write(text);
    },
    end: (text) => {
      if (!response.destroyed && !response.writableEnded) response.end(text);
    },
  };
}

/** Writes all texts to a client that may be slow or leave; ends their source in each case. */
export async function pour(channel: Channel, texts: AsyncGenerator<string, void>): Promise<void> {
  try {
    for await (const text of texts) if (!(await channel.write(text))) return;
  } finally {
    await texts.return();
    channel.end();
  }
}
