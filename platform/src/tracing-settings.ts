import { z } from 'zod';

/** Where spans go, and which requests are recorded. */
export interface TracingSettings {
  /** An OTLP collector's address; spans go to /v1/traces below it. */
  readonly endpoint: string;
  /** What the collector asks for, such as a key. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sampler: string;
  /** The share of traces that a sampler by ratio records, 0 to 1. */
  readonly ratio: number;
  readonly serviceName: string | undefined;
}

const samplers = ['always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'];

const headerForm = /^\s*[\w-]+\s*=[^,]*$/;

/** The variables that OpenTelemetry's specification names, as far as they mean something here. */
export const tracingShape = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be the address of a collector such as http://127.0.0.1:4318' })
    .optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .refine((text) => text.split(',').every((pair) => headerForm.test(pair)), 'must be name=value pairs separated by commas')
    .optional(),
  OTEL_TRACES_SAMPLER: z.enum(samplers, `must be one of ${samplers.join(', ')}`).default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number('must be a number between 0 and 1')
    .min(0, 'must be at least 0')
    .max(1, 'must be at most 1')
    .default(1),
  OTEL_SERVICE_NAME: z.string().optional(),
};

interface TracingVariables {
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  readonly OTEL_EXPORTER_OTLP_HEADERS?: string | undefined;
  readonly OTEL_TRACES_SAMPLER: string;
  readonly OTEL_TRACES_SAMPLER_ARG: number;
  readonly OTEL_SERVICE_NAME?: string | undefined;
}

/** Undefined where no collector is named: then nothing is recorded. */
export function tracingOf(data: TracingVariables): TracingSettings | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = data;
  if (endpoint === undefined) return undefined;
  return {
    endpoint,
    headers: headersOf(data.OTEL_EXPORTER_OTLP_HEADERS ?? ''),
    sampler: data.OTEL_TRACES_SAMPLER,
    ratio: data.OTEL_TRACES_SAMPLER_ARG,
    serviceName: data.OTEL_SERVICE_NAME,
  };
}

/** Values are percent-encoded, as the specification has it. */
function headersOf(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at).trim(), decode(pair.slice(at + 1).trim())];
    }),
  );
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // A percent sign that encodes nothing stands for itself.
    return value;
  }
}
