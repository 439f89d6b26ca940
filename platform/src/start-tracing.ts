import { setTimeout as sleep } from 'node:timers/promises';
import { diag, DiagLogLevel, trace } from '@opentelemetry/api';
import type * as Sdk from '@opentelemetry/sdk-trace';
import type { Settings } from './config.ts';
import type { Log } from './log.ts';

export interface TracingOptions {
  readonly settings: Pick<Settings, 'tracing'>;
  /** What this process is called in traces, unless a setting names it. */
  readonly service: string;
  readonly log: Log;
}

/** What a span may hold, and how many may wait for a collector that is slow; what is more is dropped. */
const limits = { attributes: 32, characters: 1_000, links: 4, events: 4, waiting: 2_048 };
const exportMs = 5_000;
const lastExportMs = 2_000;
const complainEveryMs = 60_000;

/** Sends spans to an OTLP collector where the settings name one, else loads nothing; the result sends what is left and ends it. */
export async function startTracing({ settings: { tracing }, service, log }: TracingOptions): Promise<() => Promise<void>> {
  if (!tracing) return () => Promise.resolve();
  const [sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  diag.setLogger(complaints(log), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const exporter = new OTLPTraceExporter({
    url: `${tracing.endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: { ...tracing.headers },
    timeoutMillis: exportMs,
  });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': tracing.serviceName ?? service }),
    sampler: samplerOf(sdk, tracing.sampler, tracing.ratio),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, maxQueueSize: limits.waiting, exportTimeoutMillis: exportMs })],
    spanLimits: {
      attributeCountLimit: limits.attributes,
      attributeValueLengthLimit: limits.characters,
      linkCountLimit: limits.links,
      eventCountLimit: limits.events,
    },
  });
  trace.setGlobalTracerProvider(provider);
  return async () => {
    const sent = provider.shutdown().catch((error: unknown) => log.warn({ error }, 'the last spans could not be sent'));
    // A collector that hangs keeps nobody from stopping.
    await Promise.race([sent, sleep(lastExportMs, undefined, { ref: false })]);
    trace.disable();
    diag.disable();
  };
}

/** The samplers by the names that OpenTelemetry gives them. */
function samplerOf(sdk: typeof Sdk, name: string, ratio: number): Sdk.Sampler {
  const [, parentBased, own] = /^(parentbased_)?(\w+)$/.exec(name) ?? [];
  const samplers: Readonly<Record<string, () => Sdk.Sampler>> = {
    always_on: () => new sdk.AlwaysOnSampler(),
    always_off: () => new sdk.AlwaysOffSampler(),
    traceidratio: () => new sdk.TraceIdRatioBasedSampler(ratio),
  };
  const root = samplers[own ?? '']?.();
  if (!root) throw new Error(`there is no sampler "${name}"`);
  return parentBased ? new sdk.ParentBasedSampler({ root }) : root;
}

/** A collector that is away is told of once a minute: the SDK complains of every batch. */
function complaints(log: Log) {
  let next = 0;
  const complain = (message: string) => {
    if (Date.now() < next) return;
    next = Date.now() + complainEveryMs;
    log.warn({ reason: message.slice(0, 500), mend: 'look after the collector at OTEL_EXPORTER_OTLP_ENDPOINT' }, 'spans are lost');
  };
  const ignore = () => undefined;
  return { error: complain, warn: complain, info: ignore, debug: ignore, verbose: ignore };
}
