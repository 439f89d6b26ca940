import { closeInOrder } from '@supergraph/platform/closing';
import { checkDomains, readSettings, readSettingsFile, type RuntimeSettings, SettingsError } from '@supergraph/platform/config';
import { type Foundation, openFoundation } from '@supergraph/platform/foundation';
import { withInternalKey } from '@supergraph/platform/internal-key';
import { rememberCompiled, settleDown } from '@supergraph/platform/light-start';
import { createLog, type Log } from '@supergraph/platform/log';
import { createRemoteSubgraph } from '@supergraph/platform/remote';
import { seedAll, startRuntime } from '@supergraph/platform/runtime';
import { adminServer, serveSubgraph } from '@supergraph/platform/service-server';
import { startTracing } from '@supergraph/platform/start-tracing';
import { describeStartFailure } from '@supergraph/platform/start-failure';
import type { SubgraphDefinition } from '@supergraph/platform/subgraph';
import { registry } from './registry.ts';

/** Runs one domain as its own service: `npm run serve -- catalog`. */
async function main(programArguments: readonly string[]): Promise<void> {
  const name = programArguments.find((argument) => !argument.startsWith('--'));
  const load = name === undefined ? undefined : registry[name];
  if (!name || !load) throw new SettingsError(`name the domain to serve: npm run serve -- <${Object.keys(registry).join(' | ')}>`);
  readSettingsFile(programArguments);
  const settings = withInternalKey(readSettings(process.env));
  checkDomains(settings, Object.keys(registry));
  if (name !== 'accounts' && !settings.subgraphUrls.has('accounts'))
    throw new SettingsError(
      'SUBGRAPH_ACCOUNTS_URL is missing: a service asks accounts which policies are in force; mend: npm run serve -- accounts, and name its address, such as http://127.0.0.1:4201/graphql',
    );
  const log = createLog(settings.logLevel, name);
  rememberCompiled();
  const { subgraph: definition } = await load();
  const foundation = await openFoundation(settings, { alone: false, log });
  const stopTracing = await startTracing({ settings, service: name, log });
  // What has begun is ended in reverse, so that nothing looks for a database that is gone.
  const undo: (() => unknown)[] = [() => foundation.leave(), stopTracing];
  try {
    await serve(definition, { settings, log, foundation, stopTracing, undo });
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}

interface Ground {
  readonly settings: RuntimeSettings;
  readonly log: Log;
  readonly foundation: Foundation;
  readonly stopTracing: () => Promise<void>;
  /** Gets what ends each thing that has begun. */
  readonly undo: (() => unknown)[];
}

async function serve(definition: SubgraphDefinition, { settings, log, foundation, stopTracing, undo }: Ground): Promise<void> {
  const { name } = definition;
  const remotes = [...settings.subgraphUrls]
    .filter(([other]) => other !== name)
    .map(([other, url]) => createRemoteSubgraph({ name: other, url, settings, log }));
  const runtime = await startRuntime([definition], { ...foundation, settings, log, remotes });
  undo.push(() => runtime.stop());
  if (settings.seed === 'demo') await seedAll([definition], runtime);
  const subgraph = runtime.subgraphs.get(name);
  if (!subgraph) throw new Error(`${name} did not start`);
  let stopping = false;
  const server = await serveSubgraph({ subgraph, settings, port: settings.port, host: settings.host, log });
  undo.push(() => server.stop());
  const admin = await adminServer({
    port: settings.adminPort,
    host: settings.host,
    ready: async () => {
      const problems = stopping ? ['this service is stopping'] : await runtime.problems();
      return { ok: problems.length === 0, problems };
    },
  });
  log.info({ port: server.port }, `${name} answers on http://${settings.host}:${server.port}/graphql`);
  closeInOrder(log, [
    { what: 'to say that it stops', end: () => (stopping = true) },
    { what: 'requests', end: () => server.stop() },
    { what: 'the domain', end: () => runtime.stop() },
    { what: 'traces', end: () => stopTracing() },
    { what: 'engines and database', end: () => foundation.leave() },
    { what: 'health', end: () => admin.stop() },
  ]);
  await settleDown();
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${describeStartFailure(error)}\n`);
  process.exit(1);
});
