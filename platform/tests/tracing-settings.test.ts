import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { readSettings, SettingsError } from '../src/config.ts';

const read = (environment: Record<string, string>) => readSettings(environment).tracing;
const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };

test('nothing is recorded unless a collector is named', () => {
  expect(read({})).toBeUndefined();
  expect(read({ OTEL_TRACES_SAMPLER: 'always_on', OTEL_SERVICE_NAME: 'shop' })).toBeUndefined();
  expect(read(endpoint)).toEqual({
    endpoint: 'http://127.0.0.1:4318',
    headers: {},
    sampler: 'parentbased_always_on',
    ratio: 1,
    serviceName: undefined,
  });
});

test('sampler, share, name and headers are read as OpenTelemetry has them', () => {
  const variables = {
    ...endpoint,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
    OTEL_SERVICE_NAME: 'edge',
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20secret%3D, x-team = blue,x-rate=100%',
  };
  expect(read(variables)).toEqual({
    endpoint: 'http://127.0.0.1:4318',
    headers: { 'api-key': 'a secret=', 'x-team': 'blue', 'x-rate': '100%' },
    sampler: 'parentbased_traceidratio',
    ratio: 0.25,
    serviceName: 'edge',
  });
});

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'such as http://127.0.0.1:4318'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://collector', 'such as http://127.0.0.1:4318'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'a=b,nonsense', 'name=value'],
  ['OTEL_TRACES_SAMPLER', 'sometimes', 'parentbased_always_on'],
  ['OTEL_TRACES_SAMPLER_ARG', '1.5', 'at most 1'],
  ['OTEL_TRACES_SAMPLER_ARG', '-0.1', 'at least 0'],
  ['OTEL_TRACES_SAMPLER_ARG', 'half', 'between 0 and 1'],
])('%s=%s is refused with its mend', (name, value, mend) => {
  expect(() => read({ ...endpoint, [name]: value })).toThrow(SettingsError);
  expect(() => read({ ...endpoint, [name]: value })).toThrow(new RegExp(`${name} must.*${mend}`));
});

test('the SDK is loaded only for a collector', () => {
  const loaded = (tracing: unknown) => {
    const program = `
      import { registerHooks } from 'node:module';
      const seen = new Set();
      registerHooks({ resolve: (name, context, next) => { if (/^@opentelemetry/.test(name)) seen.add(name); return next(name, context); } });
      const { startTracing } = await import('./platform/src/start-tracing.ts');
      const stop = await startTracing({ settings: { tracing: ${JSON.stringify(tracing)} }, service: 'test', log: { warn() {} } });
      await stop();
      console.log([...seen].join());`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: resolve(import.meta.dirname, '../..'),
      encoding: 'utf8',
    });
    return stdout.trim() || stderr;
  };
  expect(loaded(undefined)).toBe('@opentelemetry/api');
  expect(loaded(read(endpoint))).toContain('@opentelemetry/sdk-trace');
});
