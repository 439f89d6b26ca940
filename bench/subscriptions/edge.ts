import { createInProcessLive } from '@supergraph/platform/in-process-bus';
import { composeSubgraphs } from '../../gateway/src/compose.ts';
import { readOptions, serveParent } from '../processes/child.ts';
import { benchLog, productionSettings, serveGateway } from '../serve-gateway.ts';
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
const settings = productionSettings({ port, publicUrl });
const live = createInProcessLive();
const news = createNews(live);
const { supergraphSdl } = composeSubgraphs([{ name: news.name, sdl: newsSdl }]);
const server = await serveGateway({ settings, log: benchLog(settings), supergraphSdl, clients: [news], live, keySet: key.keySet });
const address: EdgeAddress = { port: server.port, adminPort: server.adminPort };
serveParent(address, {
  tell: ({ topic, texts }: { topic: Topic; texts: readonly string[] }) => texts.forEach((text) => news.tell(topic, text)),
  listeners: (topic: Topic) => news.listeners(topic),
});
