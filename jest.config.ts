import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Config } from 'jest';

const globalSetup = './scripts/jest/global-setup.ts';
const globalTeardown = './scripts/jest/global-teardown.ts';

const config: Config = {
  roots: ['platform', 'schema', 'db', 'subgraphs', 'gateway', 'scripts', 'bench'].map((room) => `<rootDir>/${room}`),
  testMatch: ['**/*.test.ts'],
  // What needs services that a newcomer's machine lacks runs where TEST_EXTERNAL=true, and fails there without them.
  testPathIgnorePatterns: ['/node_modules/', '/\\.data/', ...(process.env['TEST_EXTERNAL'] === 'true' ? [] : ['\\.external\\.test\\.ts$'])],
  modulePathIgnorePatterns: ['<rootDir>/bench/node_modules/', '<rootDir>/\\.data/'],
  watchPathIgnorePatterns: ['/\\.data/', '/node_modules/'],
  extensionsToTreatAsEsm: ['.ts'],
  // `.js` before `.mjs`.
  moduleFileExtensions: ['ts', 'js', 'cjs', 'mjs', 'json', 'node'],
  transform: { '\\.ts$': './scripts/jest/transformer.ts' },
  transformIgnorePatterns: ['/node_modules/'],
  setupFilesAfterEnv: ['<rootDir>/scripts/jest/no-warnings.ts'],
  testEnvironment: 'node',
  // For a slow machine; what must be fast is measured by the benchmarks.
  testTimeout: 180_000,
  maxWorkers: 2,
  workerIdleMemoryLimit: '1GB',
  // v8 coverage sees nothing under vm modules.
  coverageProvider: 'babel',
  collectCoverageFrom: ['{platform,schema,db,subgraphs,gateway}/**/*.ts', '!**/*.test.ts', '!**/tests/**', '!**/*.types.ts'],
  reporters: ['default', './scripts/jest/summary-reporter.ts'],
  ...(isThere(globalSetup) && { globalSetup }),
  ...(isThere(globalTeardown) && { globalTeardown }),
};

function isThere(path: string): boolean {
  return existsSync(fileURLToPath(new URL(path, import.meta.url)));
}

export default config;
