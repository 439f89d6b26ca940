import type { RuntimeSettings } from '@supergraph/platform/config';
import type { Log } from '@supergraph/platform/log';
import { createRemoteSubgraph, type SubscriptionWay } from '@supergraph/platform/remote';
import type { Callbacks } from '@supergraph/platform/remote-callbacks';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { isPlaceholder } from './compose.ts';
import { settingName } from './supergraph-clients.ts';

export interface ConnectOptions {
  readonly settings: RuntimeSettings;
  readonly log: Log;
  /** Domains of our own learn who asks unless a setting says otherwise; other services do not. */
  readonly isOurs: (name: string) => boolean;
  readonly callbacks: Callbacks;
}

/** Makes clients for subgraphs that run elsewhere, as their settings say. */
export function createConnector({ settings, log, isOurs, callbacks }: ConnectOptions): (name: string, url: string) => SubgraphClient {
  const wayOf = (setting: string | undefined): SubscriptionWay => {
    if (setting === 'callback') return { over: 'callback', callbacks };
    return { over: 'websocket', url: setting === 'websocket' ? undefined : setting };
  };
  return (name, url) =>
    createRemoteSubgraph({
      name,
      url,
      settings,
      log,
      identity: settings.subgraphIdentities.get(settingName(name)) ?? (isOurs(name) ? 'signed' : 'none'),
      subscriptions: wayOf(settings.subgraphSubscriptions.get(settingName(name))),
    });
}

/** Whether a supergraph's address of a subgraph leads somewhere: our own compositions only name a place to be filled in. */
export const isReachable = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) && !isPlaceholder(url);
