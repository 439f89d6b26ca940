import './global-setup.ts';

// Jest asks for a default export.
/** Stops the test server unless another run still uses it. */
export default async function tearDown(): Promise<void> {
  await globalThis.supergraphTestServer?.stop();
}
