import { GraphQLError } from 'graphql';
import { Gauge, type Registry } from 'prom-client';
import { addressGroup } from './address-group.ts';

/** How operations and their answers travel. */
export type Transport = 'http' | 'websocket' | 'sse' | 'multipart';

/** Counts what stays open: WebSockets, event streams and multipart streams, by user and by address. */
export interface OpenStreams {
  /** Takes a place for a connection of this address; an error where the address has as many as it may. */
  enter(transport: Transport, address: string | null): StreamPlace | GraphQLError;
}

export interface StreamPlace {
  /** Says whose the stream is; an error where that user has as many as one may. */
  claim(userId: string | undefined): GraphQLError | undefined;
  readonly leave: () => void;
}

export interface StreamCaps {
  readonly perUser: number;
  readonly perAddress: number;
}

/** Addresses of IPv6 count by /64, since each household has one to itself. */
export function createOpenStreams({ perUser, perAddress }: StreamCaps, metrics: Registry): OpenStreams {
  const gauge = new Gauge({
    name: 'gateway_streams_open',
    help: 'Streams that are open right now',
    labelNames: ['transport'],
    registers: [metrics],
  });
  const users = createCounts();
  const addresses = createCounts();
  return {
    enter: (transport, address) => {
      const group = addressGroup(address ?? '');
      if (!addresses.take(group, perAddress)) return tooMany('one address', perAddress);
      gauge.inc({ transport });
      let user: string | undefined;
      let left = false;
      return {
        claim: (userId) => {
          if (userId === undefined || user !== undefined) return undefined;
          if (!users.take(userId, perUser)) return tooMany('one user', perUser);
          user = userId;
          return undefined;
        },
        leave: () => {
          if (left) return;
          left = true;
          gauge.dec({ transport });
          addresses.give(group);
          if (user !== undefined) users.give(user);
        },
      };
    },
  };
}

export const isPlace = (value: StreamPlace | GraphQLError): value is StreamPlace => 'leave' in value;

const tooMany = (whose: string, limit: number) =>
  new GraphQLError(`${whose} may have ${limit} streams open at once; end one first, or send several operations over one WebSocket`, {
    extensions: { code: 'RATE_LIMITED', reason: 'STREAM_LIMIT', limit, retryAfterSeconds: 1 },
  });

function createCounts() {
  const counts = new Map<string, number>();
  return {
    take: (key: string, most: number): boolean => {
      const count = (counts.get(key) ?? 0) + 1;
      if (count > most) return false;
      counts.set(key, count);
      return true;
    },
    give: (key: string): void => {
      const left = (counts.get(key) ?? 1) - 1;
      if (left === 0) counts.delete(key);
      else counts.set(key, left);
    },
  };
}
