import { readSettings } from '@supergraph/platform/config';
import { withInternalKey } from '@supergraph/platform/internal-key';
import { createLog } from '@supergraph/platform/log';
import { startApp } from '../../gateway/app.ts';
import { readOptions, serveParent } from '../processes/child.ts';
import { profiling } from './profiler.ts';

export interface AppOptions {
  readonly dataDirectory: string;
}

/** The whole program with its sample data, as a process that can be looked at. */
const { dataDirectory } = readOptions<AppOptions>();
const environment = { PORT: '0', ADMIN_PORT: '0', LOG_LEVEL: 'error', RATE_LIMIT_PER_GUEST: '0' };
const settings = withInternalKey(readSettings({ ...environment, DATA_DIR: dataDirectory }));
const app = await startApp(settings, createLog('error', 'bench'));
await app.runtime.settle();
serveParent({ port: app.port }, { ...profiling(), stop: () => app.stop() });
