import type { ServerResponse } from 'node:http';
import { unauthenticated } from '@supergraph/platform/errors';
import { type Answer, answerText } from '../answer.ts';
import type { Identified } from '../identify.ts';
import type { GraphQLFormattedError } from 'graphql';
import type { Shared } from '../serving.ts';
import { openChannel } from './channel.ts';
import type { Headers } from './reply.ts';
import type { StreamEncoding } from './stream-encodings.ts';

const longestTimer = 2_147_483_647;

export interface Stream {
  readonly encoding: StreamEncoding;
  readonly answers: AsyncGenerator<Answer, void>;
  readonly identified: Identified;
  readonly headers: Headers;
}

/** Writes answers as they come, until their end, that of the session, of the server or of the client's patience. */
export async function writeStream(
  shared: Shared,
  response: ServerResponse,
  { encoding, answers, identified, headers }: Stream,
): Promise<void> {
  const channel = openChannel(shared.slowReaders, response, 200, { ...headers, 'content-type': encoding.contentType });
  channel.say(encoding.opening);
  // A source that waits for its next event would hear of the end only then.
  const end = () => answers.return().catch((error: unknown) => shared.log.debug({ error }, 'a stream did not end cleanly'));
  const stopWatching = watchEnds(shared, identified, {
    beat: () => channel.say(encoding.heartbeat),
    refuse: (error) => {
      channel.end(encoding.fault(error));
      void end();
    },
    interrupt: () => {
      channel.end(encoding.interrupted);
      void end();
    },
  });
  response.once('close', end);
  try {
    for await (const answer of answers) if (!(await channel.write(encoding.next(answerText(answer))))) return;
    channel.end(encoding.complete);
  } finally {
    stopWatching();
    await end();
    channel.end();
  }
}

interface Ends {
  readonly beat: () => void;
  readonly refuse: (error: GraphQLFormattedError) => void;
  readonly interrupt: () => void;
}

/** Watches what may end a stream from outside; the result stops that. */
function watchEnds({ identifier, stopping, heartbeatMs }: Shared, { standsOn, expiresAt }: Identified, { beat, refuse, interrupt }: Ends) {
  const signInAgain = (reason: string) => {
    const { message, extensions } = unauthenticated('sign in again', { reason });
    refuse({ message, extensions });
  };
  const forget = identifier.onAccessEnded((id) => {
    if (standsOn.includes(id)) signInAgain('SESSION_ENDED');
  });
  const heart = setInterval(beat, heartbeatMs);
  const left = expiresAt === null ? undefined : Math.min(Math.max(0, expiresAt - Date.now()), longestTimer);
  const expiry = left === undefined ? undefined : setTimeout(signInAgain, left, 'TOKEN_EXPIRED');
  stopping.addEventListener('abort', interrupt, { once: true });
  if (stopping.aborted) interrupt();
  return () => {
    clearInterval(heart);
    clearTimeout(expiry);
    forget();
    stopping.removeEventListener('abort', interrupt);
  };
}
