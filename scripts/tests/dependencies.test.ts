import { join } from 'node:path';
import {
  type Dependency,
  auditBench,
  auditInstallScripts,
  auditLicences,
  auditLockfile,
  isBelow,
  listDependencies,
  readAllowScripts,
} from '../dependencies.ts';
import { repository } from '../domains.ts';

const dependencies = listDependencies();
const invented = (fields: Partial<Dependency>): Dependency => ({
  name: 'tea',
  path: 'node_modules/tea',
  version: '1.0.0',
  integrity: 'sha512-x',
  license: 'MIT',
  ...fields,
});

describe('the lockfile', () => {
  test('holds no address, checks everything, keeps the version floors', () => {
    expect(dependencies.length).toBeGreaterThan(100);
    expect(auditLockfile(dependencies)).toEqual([]);
  });

  test('has every install script reviewed', () => {
    expect(auditInstallScripts(dependencies, readAllowScripts())).toEqual([]);
  });

  test('brings only licences that are allowed', () => {
    expect(auditLicences(dependencies)).toEqual([]);
  });

  test('of the peers in bench/ is held to the same rules, and they stay out of the repository’s own', () => {
    expect(listDependencies(join(repository, 'bench')).map(({ name }) => name)).toContain('@mercuriusjs/gateway');
    expect(auditBench()).toEqual([]);
    expect(dependencies.map(({ name }) => name)).not.toContain('@mercuriusjs/gateway');
  });
});

describe('the audit finds', () => {
  test('a download address', () => {
    expect(auditLockfile([invented({ resolved: 'https://example.com/tea.tgz' })])).toEqual([
      expect.stringMatching(/downloaded from[\s\S]*mend:/),
    ]);
  });

  test('a package without a checksum', () => {
    expect(auditLockfile([invented({ integrity: '' })])).toEqual([expect.stringContaining('no checksum')]);
  });

  test('a version below its floor, wherever it is installed', () => {
    expect(auditLockfile([invented({ name: 'ws', path: 'node_modules/tea/node_modules/ws', version: '8.21.0' })])).toEqual([
      expect.stringContaining('node_modules/tea/node_modules/ws is 8.21.0, below 8.21.1'),
    ]);
    expect(auditLockfile([invented({ name: 'ws', version: '8.21.1' })])).toEqual([]);
  });

  test('Apollo packages that do not belong together', () => {
    const pair = [invented({ name: '@apollo/gateway', version: '2.14.4' }), invented({ name: '@apollo/composition', version: '2.14.5' })];
    expect(auditLockfile(pair)).toEqual([expect.stringContaining('2.14.4, 2.14.5')]);
  });

  test('an install script that nobody read, and a judgement about none', () => {
    expect(auditInstallScripts([invented({ hasInstallScript: true })], {})).toEqual([expect.stringMatching(/tea has an install script/)]);
    expect(auditInstallScripts([invented({})], { tea: true })).toEqual([expect.stringMatching(/no install script/)]);
    expect(auditInstallScripts([invented({ hasInstallScript: true })], { tea: false })).toEqual([]);
  });

  test('a licence that is not allowed', () => {
    expect(auditLicences([invented({ license: 'AGPL-3.0' })])).toHaveLength(1);
    expect(auditLicences([invented({ license: 'Elastic-2.0' })])).toHaveLength(1);
    expect(auditLicences([invented({ license: '(MIT OR GPL-3.0)' })])).toEqual([]);
    expect(auditLicences([invented({ license: '(MIT AND GPL-3.0)' })])).toHaveLength(1);
    expect(auditLicences([invented({ license: 'AGPL-3.0', dev: true })])).toEqual([]);
  });
});

test.each([
  ['8.21.0', '8.21.1', true],
  ['8.9.0', '8.21.1', true],
  ['8.21.1', '8.21.1', false],
  ['9.0.0', '8.21.1', false],
  ['10.0.0', '9.13', false],
])('%s is below %s: %s', (version, floor, expected) => {
  expect(isBelow(version, floor)).toBe(expected);
});
