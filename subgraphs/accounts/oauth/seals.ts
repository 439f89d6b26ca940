import type { Context } from '../context.ts';
import { hashSecret, open, seal } from '../secrets.ts';

const purpose = 'oauth-artifact';
const known = '~';

/** What an id is kept as. Where we know a grant by its hash alone, that stands in for its id. */
export const hashOf = (id: string): string => (id.startsWith(known) ? id.slice(1) : hashSecret(id));

/** Stands in for the id of a grant or an interaction, which only its hash is kept of. Nothing that clients send is read as one. */
export const byHash = (hash: string): string => `${known}${hash}`;

/** Encrypts what the provider keeps: it holds ids that open sessions. */
export const sealPayload = ({ settings }: Pick<Context, 'settings'>, payload: object): string =>
  seal(settings.internalKey, purpose, JSON.stringify(payload));

/** Reads what `sealPayload` wrote. */
export const openPayload = <Payload>({ settings }: Pick<Context, 'settings'>, sealed: string): Payload =>
  JSON.parse(open(settings.internalKey, purpose, sealed)) as Payload;
