import { closeInOrder } from '@supergraph/platform/closing';
import { readSettings, readSettingsFile } from '@supergraph/platform/config';
import { withInternalKey } from '@supergraph/platform/internal-key';
import { rememberCompiled, settleDown } from '@supergraph/platform/light-start';
import { createLog } from '@supergraph/platform/log';
import { describeStartFailure } from '@supergraph/platform/start-failure';
import { demo, demoPeople } from '@supergraph/schema/demo';

/** What the program says when it serves: where, who may sign in, what to try. */
function greeting(url: string, adminUrl: string, seeded: boolean, development: boolean): string {
  const lines = [
    '',
    `  graph       ${url}/graphql          (HTTP and WebSocket; server-sent events on /graphql/stream)`,
    ...(development ? [`  playground  ${url}/`, `  mails       ${url}/mail          (captured, not sent)`] : []),
    `  operators   ${adminUrl}/health/ready`,
  ];
  if (seeded)
    lines.push(
      '',
      `  sign in     ${demoPeople[0]?.email}  /  ${demo.password}`,
      '',
      '  try this in the playground:',
      '    1. run the first tab: one query over products, ratings, reviews and stock',
      `    2. sign in as ${demoPeople[0]?.displayName} with the button at the top and run "Me"`,
      `    3. run "Live"; in another window sign in as ${demoPeople[1]?.displayName} and run "Write"`,
    );
  return `${lines.join('\n')}\n\n`;
}

async function main(): Promise<void> {
  readSettingsFile(process.argv);
  const settings = withInternalKey(readSettings(process.env));
  const log = createLog(settings.logLevel, 'gateway');
  if (!settings.databaseUrl) process.stdout.write('starting on the embedded PostgreSQL …\n');
  rememberCompiled();
  const { startApp } = await import('./app.ts');
  const app = await startApp(settings, log);
  const address = (port: number) => `http://${settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host}:${port}`;
  process.stdout.write(greeting(address(app.port), address(app.adminPort), settings.seed === 'demo', settings.development));
  closeInOrder(log, [{ what: 'the graph', end: () => app.stop() }]);
  await settleDown();
}

await main().catch((error: unknown) => {
  process.stderr.write(`${describeStartFailure(error)}\n`);
  process.exit(1);
});
