import type { IncomingMessage } from 'node:http';
import type { GraphQLError } from 'graphql';
import type { Via } from '../edge-metrics.ts';
import type { Identified } from '../identify.ts';
import type { Checked, SentOperation } from '../operations.ts';
import type { Serving } from '../serving.ts';
import type { Accepted } from './accept.ts';
import type { Reply } from './reply.ts';

/** One request that has passed the entrance, with what was found out about it there. */
export interface Exchange {
  /** The contract that the client sees. */
  readonly serving: Serving;
  readonly request: IncomingMessage;
  /** With its text, also where the client sent only a hash; absent where nobody knows it. */
  readonly sent: SentOperation;
  readonly checked: Checked | readonly GraphQLError[];
  readonly identified: Identified;
  readonly accepted: Accepted;
  /** Ends when the client leaves. */
  readonly signal: AbortSignal;
  readonly via: Via;
}

/** A way from an admitted request to its reply. */
export interface Lane {
  readonly name: 'direct' | 'apollo';
  answer(exchange: Exchange): Promise<Reply>;
  /** A page for people who open the graph's address in a browser. */
  page?(request: IncomingMessage): Promise<Reply | undefined>;
  stop(): Promise<void>;
}
