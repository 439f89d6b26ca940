import { startTestServer, type TestServer } from '@supergraph/platform/test-database';

declare global {
  var supergraphTestServer: TestServer | undefined;
}

// Jest asks for a default export.
/** One migrated PostgreSQL for all test workers of this run. */
export default async function setUp(): Promise<void> {
  globalThis.supergraphTestServer = await startTestServer();
}
