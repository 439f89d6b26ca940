import { LRUCache } from 'lru-cache';
import Negotiator from 'negotiator';
import { jsonType } from './reply.ts';

/** What a client of /graphql reads. */
export interface Accepted {
  /** The content type of whole answers. */
  readonly whole: string;
  /** Answers with `@defer` may come in parts. */
  readonly parts: boolean;
  /** Subscriptions may come as Apollo's multipart stream. */
  readonly subscriptions: boolean;
}

const graphqlType = 'application/graphql-response+json; charset=utf-8';
const mixed = 'multipart/mixed';

export const partsType = `${mixed}; deferSpec=20220824`;
export const subscriptionsType = `${mixed};boundary="graphql";subscriptionSpec=1.0`;

const plain: Accepted = { whole: jsonType, parts: false, subscriptions: false };
const read = new LRUCache<string, { readonly accepted: Accepted | undefined }>({ max: 500 });
const longestRemembered = 500;

/** What an `accept` header allows, or undefined when it allows nothing that we can write. */
export function acceptedBy(accept: string | undefined): Accepted | undefined {
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return plain;
  const known = read.get(accept);
  if (known) return known.accepted;
  const accepted = negotiate(accept);
  if (accept.length <= longestRemembered) read.set(accept, { accepted });
  return accepted;
}

function negotiate(accept: string): Accepted | undefined {
  const negotiator = new Negotiator({ headers: { accept } });
  const whole = negotiator.mediaType([jsonType, graphqlType]);
  // A multipart type is meant only when it is named with its protocol.
  const names = (type: string) => negotiator.mediaType([mixed, type]) === type;
  return whole === undefined ? undefined : { whole, parts: names(partsType), subscriptions: names(subscriptionsType) };
}

const events = 'text/event-stream';

/** What /graphql/stream reads; it is for those who name event streams, and refusals of it are plain JSON. */
export const acceptsEvents = (accept: string | undefined): Accepted | undefined =>
  new Negotiator({ headers: { accept } }).mediaType([jsonType, events]) === events ? plain : undefined;
