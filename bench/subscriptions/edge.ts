import { createCalls } from '@supergraph/platform/calls';
import { readSettings } from '@supergraph/platform/config';
import { createInProcessLive } from '@supergraph/platform/in-process-bus';
import { createLog } from '@supergraph/platform/log';
import { composeSubgraphs } from '../../gateway/src/compose.ts';
import { createExecutor } from '../../gateway/src/gateway.ts';
import { createIdentifier } from '../../gateway/src/identify.ts';
import { startServer } from '../../gateway/src/server.ts';
import { createPeople } from '../people.ts';
import { readOptions, serveParent } from '../processes/child.ts';
import { createNews, newsSdl, type Topic } from './news.ts';
import type { SigningKey } from './tokens.ts';

/** What the edge is started with. */
export interface EdgeOptions {
  /** 0 for any. */
  readonly port: number;
  readonly publicUrl: string;
  readonly key: SigningKey;
}

/** What the edge says when it serves. */
export interface EdgeAddress {
  readonly port: number;
  readonly adminPort: number;
}

/** The gateway as its users get it, before one small subgraph: the process that holds the sockets. */
const { port, publicUrl, key } = readOptions<EdgeOptions>();
const internalKey = 'only-for-measuring'.repeat(3);
const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://nobody@127.0.0.1/unused', INTERNAL_KEY: internalKey };
const settings = {
  ...readSettings({ ...production, PUBLIC_URL: publicUrl, LOG_LEVEL: 'warn', PORT: String(port), ADMIN_PORT: '0' }),
  internalKey,
};
const log = createLog(settings.logLevel, 'gateway');
const live = createInProcessLive();
const news = createNews(live);
const calls = createCalls();
calls.connect(createPeople(key.keySet));
const { supergraphSdl } = composeSubgraphs([{ name: news.name, sdl: newsSdl }]);
const executor = createExecutor({ supergraphSdl, clients: new Map([[news.name, news]]), log });
const identifier = createIdentifier({ settings, calls, live, scopes: executor.facts.scopes, log });
const server = await startServer({ settings, executor, identifier, log });
const address: EdgeAddress = { port: server.port, adminPort: server.adminPort };
serveParent(address, {
  tell: ({ topic, texts }: { topic: Topic; texts: readonly string[] }) => texts.forEach((text) => news.tell(topic, text)),
  listeners: (topic: Topic) => news.listeners(topic),
});
