import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadEnvFile } from 'node:process';
import { z } from 'zod';
import { tracingOf, type TracingSettings, tracingShape } from './tracing-settings.ts';

/** What the program is told by its environment. `.env.example` explains each variable. */
export interface Settings {
  readonly port: number;
  readonly adminPort: number;
  readonly host: string;
  /** Absolute path: embedded PostgreSQL, captured mail, local files, generated keys. */
  readonly dataDirectory: string;
  /** Absent: the program runs its own PostgreSQL. */
  readonly databaseUrl: string | undefined;
  /** Domains that live in a database of their own. */
  readonly databaseUrls: ReadonlyMap<string, string>;
  /** Domains that run as a service, and subgraphs of others; all other domains run inside this process. */
  readonly subgraphUrls: ReadonlyMap<string, string>;
  /** How services send events: `websocket`, `callback`, or the address of their WebSocket. */
  readonly subgraphSubscriptions: ReadonlyMap<string, string>;
  /** What services learn of who asks, where it is not what their kind learns by default. */
  readonly subgraphIdentities: ReadonlyMap<string, 'signed' | 'none'>;
  /** Where services that call back reach the gateway; absent: at /callback of the public address. */
  readonly callbackUrl: string | undefined;
  /** Absolute path of a supergraph that is watched; absent: the domains are composed. */
  readonly supergraph: string | undefined;
  /** Labels of `@override(label:)` that are on for everybody. */
  readonly overrideLabels: ReadonlySet<string>;
  readonly amqpUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** How much of answers the gateway remembers, in MB; 0 remembers nothing. */
  readonly cacheMb: number;
  /** Absent: no spans are recorded. */
  readonly tracing: TracingSettings | undefined;
  readonly logLevel: string;
  readonly seed: 'demo' | 'none';
  readonly production: boolean;
  /** Introspection, playground and plan details; never in production. */
  readonly development: boolean;
  /** Code may be made at run time, which is faster; closures do the same without. */
  readonly generatedCode: boolean;
  /** The address under which clients reach the gateway; also the issuer of tokens. */
  readonly publicUrl: string;
  /** The app that links in mails lead to, without a slash at the end; absent: pages of ours. */
  readonly appUrl: string | undefined;
  /** The page that OAuth sends people to, with `?interaction=<id>`; absent: our own. */
  readonly signInUrl: string | undefined;
  /** Where people may sign in with an account of theirs elsewhere, by a short name of ours. */
  readonly externalProviders: ReadonlyMap<string, ExternalProviderSettings>;
  /** Origins that browsers may call from, besides our own. */
  readonly corsOrigins: readonly string[];
  /** How many WebSockets, event streams and multipart streams one user may have open at once, and one address. */
  readonly streamsPerUser: number;
  readonly streamsPerAddress: number;
  /** Points of cost in a minute, for all guests of an address, for a user, and for all users of an app; 0: no limit. */
  readonly rateLimits: { readonly guest: number; readonly user: number; readonly client: number };
  /** Where it is kept who has spent how much. */
  readonly rateLimitStore: 'memory' | 'redis' | 'postgres';
  /** How many proxies of ours stand before the gateway; the last ones of `x-forwarded-for` are theirs. */
  readonly trustedProxies: number;
  /** Absolute path of a manifest of operations that are known before the start. */
  readonly persistedOperations: string | undefined;
  /** Whether clients may run nothing but those. */
  readonly persistedOperationsOnly: boolean;
  /** Takes mails; absent: they are captured in the data directory. */
  readonly smtpUrl: string | undefined;
  /** Whom mails come from; absent: no-reply at the host of the public address. */
  readonly mailFrom: string | undefined;
  /** Whom to ask for DNS records (address, or address:port); empty: whom the machine asks. */
  readonly dnsServers: readonly string[];
  /** How long owners may think again before a deleted organization is erased. */
  readonly organizationDeletionSeconds: number;
  /** How many organizations one person may own. */
  readonly organizationsPerOwner: number;
  /** How long a signing key is published before it signs. */
  readonly signingKeyLeadSeconds: number;
  /** What hashing a password costs: memory in MiB, and how often it is gone over. */
  readonly passwordHash: { readonly memoryMib: number; readonly rounds: number };
  /** Signs what services tell each other; absent: made and kept in the data directory. */
  readonly internalKey: string | undefined;
}

/** An OpenID Connect provider at which we are registered as a client. */
export interface ExternalProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** Absent: a public client. */
  readonly clientSecret: string | undefined;
  /** What people know it as. */
  readonly name: string;
  /** Whether addresses that it calls verified count as verified here. */
  readonly trustsAddresses: boolean;
}

/** Settings of a running program: the internal key is there, given or made. */
export type RuntimeSettings = Settings & { readonly internalKey: string };

/** Settings that do not hold; the message lists every bad variable with its mend. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const port = (fallback: number) =>
  z.coerce
    .number('must be a number between 0 and 65535')
    .int('must be a whole number')
    .min(0, 'must be at least 0')
    .max(65_535, 'must be at most 65535')
    .default(fallback);
const whole = (least: number) => z.coerce.number('must be a number').int('must be a whole number').min(least, `must be at least ${least}`);
const count = (least: number, fallback: number) => whole(least).default(fallback);
/** Points of cost in a minute; limiters count in 32 bits. */
const points = whole(0).max(1_000_000_000, 'must be at most 1000000000').optional();
const address = (protocols: string, example: string) =>
  z.url({ protocol: new RegExp(`^(${protocols})$`), error: `must be an address such as ${example}` });
const flag = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
const labelForm = /^([a-zA-Z][\w\-:./]*|percent\((\d{1,2}(\.\d{1,8})?|100)\))$/;

const dnsServer = /^(\d{1,3}(\.\d{1,3}){3}(:\d{1,5})?|\[[0-9a-f:.]+\](:\d{1,5})?|[0-9a-f:]+:[0-9a-f:.]*)$/i;

const shape = z.object({
  PORT: port(4000),
  ADMIN_PORT: port(4001),
  HOST: z.string().default('127.0.0.1'),
  DATA_DIR: z.string().default('.data'),
  DATABASE_URL: address('postgres|postgresql', 'postgres://user:password@host:5432/database').optional(),
  SUPERGRAPH: z.string().optional(),
  OVERRIDE_LABELS: list.default([]).refine((labels) => labels.every((label) => labelForm.test(label)), {
    error: 'must be labels separated by commas, each a letter followed by letters, digits and _ - : . /, or percent(0) to percent(100)',
  }),
  AMQP_URL: address('amqp|amqps', 'amqp://guest:guest@127.0.0.1:5672').optional(),
  REDIS_URL: address('redis|rediss', 'redis://127.0.0.1:6379').optional(),
  ...tracingShape,
  CACHE_MB: z.coerce
    .number('must be a number of megabytes, 0 to 65536')
    .int('must be a whole number of megabytes')
    .min(0, 'must be at least 0')
    .max(65_536, 'must be at most 65536')
    .default(64),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'must be trace, debug, info, warn, error, fatal or silent')
    .default('info'),
  SEED: z.enum(['demo', 'none'], 'must be demo or none').optional(),
  NODE_ENV: z.enum(['development', 'production', 'test'], 'must be development, production or test').default('development'),
  DEVELOPMENT_TOOLS: flag.optional(),
  GENERATED_CODE: flag.default(true),
  CALLBACK_URL: address('https?', 'http://gateway.internal:4000/callback').optional(),
  PUBLIC_URL: address('https?', 'https://api.example.com').optional(),
  APP_URL: address('https?', 'https://example.com')
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  SIGN_IN_URL: address('https?', 'https://example.com/sign-in').optional(),
  CORS_ORIGINS: list.default(['https://studio.apollographql.com']),
  STREAMS_PER_USER: count(1, 200),
  STREAMS_PER_ADDRESS: count(1, 2_000),
  TRUSTED_PROXIES: count(0, 0),
  RATE_LIMIT_PER_GUEST: points,
  RATE_LIMIT_PER_USER: points,
  RATE_LIMIT_PER_CLIENT: points,
  RATE_LIMIT_STORE: z.enum(['memory', 'redis', 'postgres'], 'must be memory, redis or postgres').optional(),
  PERSISTED_OPERATIONS: z.string().optional(),
  PERSISTED_OPERATIONS_ONLY: flag.default(false),
  SMTP_URL: address('smtps?', 'smtp://user:password@mail.example.com:587').optional(),
  MAIL_FROM: z
    .string()
    .regex(/^([^<>\r\n]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/, 'must be an address such as Shop <no-reply@example.com>')
    .optional(),
  DNS_SERVERS: list.default([]).refine((servers) => servers.every((server) => dnsServer.test(server)), {
    error: 'must be addresses separated by commas, such as 9.9.9.9,[2620:fe::fe]:53',
  }),
  ORGANIZATION_DELETION_SECONDS: count(0, 30 * 86_400),
  ORGANIZATIONS_PER_OWNER: count(1, 10),
  SIGNING_KEY_LEAD_SECONDS: count(0, 86_400),
  PASSWORD_HASH_MIB: whole(19).max(4_096, 'must be at most 4096').default(46),
  PASSWORD_HASH_ROUNDS: whole(2).max(100, 'must be at most 100').default(2),
  INTERNAL_KEY: z.string().min(32, 'must have at least 32 characters; mend: openssl rand -hex 32').optional(),
});

const subgraphUrl = address('https?', 'http://127.0.0.1:4101/graphql');
const socketUrl = z.url({ protocol: /^wss?$/ });
const subscriptionWay = z
  .string()
  .refine(
    (way) => way === 'websocket' || way === 'callback' || socketUrl.safeParse(way).success,
    'must be websocket, callback, or the address of a WebSocket such as ws://127.0.0.1:4101/graphql',
  );
const identityWay = z.enum(['signed', 'none'], 'must be signed or none');
const externalPart = /^EXTERNAL_([A-Z0-9]+)_(ISSUER|CLIENT_ID|CLIENT_SECRET|NAME|TRUSTS_ADDRESSES)$/;
const externalShape = z.object({
  ISSUER: z
    .url({ protocol: /^https$/, error: 'must be an https address' })
    .or(z.string().regex(/^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/, 'must be an https address')),
  CLIENT_ID: z.string('is missing'),
  CLIENT_SECRET: z.string().optional(),
  NAME: z.string().optional(),
  TRUSTS_ADDRESSES: flag.default(false),
});
const databaseUrl = address('postgres|postgresql', 'postgres://user:password@host:5432/database');

const fileArgument = '--settings=';

/** Adds to the environment what the file of the argument `--settings=<file>` says, where there is one; what the environment says already wins. */
export function readSettingsFile(programArguments: readonly string[]): void {
  const file = programArguments.find((argument) => argument.startsWith(fileArgument))?.slice(fileArgument.length);
  if (file && existsSync(file)) loadEnvFile(file);
}

/**
 * Throws a SettingsError for settings of domains that do not exist, which would have no effect. Which subgraphs there
 * are is for the supergraph to say, where SUPERGRAPH names one.
 */
export function checkDomains({ subgraphUrls, databaseUrls, supergraph }: Settings, domains: readonly string[]): void {
  const named = [
    ...[...(supergraph ? [] : subgraphUrls.keys())].map((domain) => [domain, `SUBGRAPH_${domain.toUpperCase()}_URL`] as const),
    ...[...databaseUrls.keys()].map((domain) => [domain, `DATABASE_URL_${domain.toUpperCase()}`] as const),
  ];
  const problems = named
    .filter(([domain]) => !domains.includes(domain))
    .map(([, name]) => `${name} names no domain; mend: one of ${domains.map((each) => each.toUpperCase()).join(', ')}`);
  if (problems.length > 0) throw refusal(problems);
}

const refusal = (problems: readonly string[]) =>
  new SettingsError(`these settings do not hold (see .env.example):\n${problems.map((problem) => `  ${problem}`).join('\n')}`);

/** Reads the settings; throws a SettingsError that names every bad variable together with its mend. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
  const problems: string[] = [];
  const read = shape.safeParse(given);
  if (!read.success) problems.push(...read.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
  const externalProviders = readExternal(given, problems);
  const databaseUrls = readGroup(given, /^DATABASE_URL_([A-Z]+)$/, databaseUrl, problems);
  const subgraphUrls = readGroup(given, /^SUBGRAPH_([A-Z0-9_]+)_URL$/, subgraphUrl, problems);
  const subgraphSubscriptions = readGroup(given, /^SUBGRAPH_([A-Z0-9_]+)_SUBSCRIPTIONS$/, subscriptionWay, problems);
  const subgraphIdentities = readGroup(given, /^SUBGRAPH_([A-Z0-9_]+)_IDENTITY$/, identityWay, problems);
  if (read.success && read.data.RATE_LIMIT_STORE === 'redis' && !read.data.REDIS_URL)
    problems.push('RATE_LIMIT_STORE=redis needs a Redis; mend: name it in REDIS_URL');
  if (read.success && read.data.PERSISTED_OPERATIONS_ONLY && !read.data.PERSISTED_OPERATIONS)
    problems.push('PERSISTED_OPERATIONS_ONLY needs to know which; mend: name their manifest in PERSISTED_OPERATIONS');
  if (read.success && read.data.NODE_ENV === 'production') problems.push(...productionProblems(read.data));
  if (problems.length > 0 || !read.success) throw refusal(problems);
  const { data } = read;
  const production = data.NODE_ENV === 'production';
  return {
    port: data.PORT,
    adminPort: data.ADMIN_PORT,
    host: data.HOST,
    dataDirectory: resolve(data.DATA_DIR),
    databaseUrl: data.DATABASE_URL,
    databaseUrls,
    subgraphUrls,
    subgraphSubscriptions,
    subgraphIdentities,
    callbackUrl: data.CALLBACK_URL,
    supergraph: data.SUPERGRAPH === undefined ? undefined : resolve(data.SUPERGRAPH),
    overrideLabels: new Set(data.OVERRIDE_LABELS),
    amqpUrl: data.AMQP_URL,
    redisUrl: data.REDIS_URL,
    cacheMb: data.CACHE_MB,
    tracing: tracingOf(data),
    logLevel: data.LOG_LEVEL,
    seed: data.SEED ?? (production ? 'none' : 'demo'),
    production,
    development: data.DEVELOPMENT_TOOLS ?? !production,
    generatedCode: data.GENERATED_CODE,
    publicUrl: data.PUBLIC_URL ?? `http://${data.HOST === '0.0.0.0' ? '127.0.0.1' : data.HOST}:${data.PORT}`,
    appUrl: data.APP_URL,
    signInUrl: data.SIGN_IN_URL,
    externalProviders,
    corsOrigins: data.CORS_ORIGINS,
    streamsPerUser: data.STREAMS_PER_USER,
    streamsPerAddress: data.STREAMS_PER_ADDRESS,
    trustedProxies: data.TRUSTED_PROXIES,
    rateLimits: {
      guest: data.RATE_LIMIT_PER_GUEST ?? (production ? 60_000 : 0),
      user: data.RATE_LIMIT_PER_USER ?? (production ? 120_000 : 0),
      client: data.RATE_LIMIT_PER_CLIENT ?? 0,
    },
    rateLimitStore: data.RATE_LIMIT_STORE ?? (data.REDIS_URL ? 'redis' : 'memory'),
    persistedOperations: data.PERSISTED_OPERATIONS && resolve(data.PERSISTED_OPERATIONS),
    persistedOperationsOnly: data.PERSISTED_OPERATIONS_ONLY,
    smtpUrl: data.SMTP_URL,
    mailFrom: data.MAIL_FROM,
    dnsServers: data.DNS_SERVERS,
    organizationDeletionSeconds: data.ORGANIZATION_DELETION_SECONDS,
    organizationsPerOwner: data.ORGANIZATIONS_PER_OWNER,
    signingKeyLeadSeconds: data.SIGNING_KEY_LEAD_SECONDS,
    passwordHash: { memoryMib: data.PASSWORD_HASH_MIB, rounds: data.PASSWORD_HASH_ROUNDS },
    internalKey: data.INTERNAL_KEY,
  };
}

function readGroup<Value extends string>(
  given: Record<string, string | undefined>,
  pattern: RegExp,
  schema: z.ZodType<Value>,
  problems: string[],
): Map<string, Value> {
  const group = new Map<string, Value>();
  for (const [name, value] of Object.entries(given)) {
    const domain = pattern.exec(name)?.[1];
    if (!domain) continue;
    const read = schema.safeParse(value);
    if (read.success) group.set(domain.toLowerCase(), read.data);
    else problems.push(`${name} ${read.error.issues[0]?.message}`);
  }
  return group;
}

/** Each provider has several variables; a name that only some of them have is told of. */
function readExternal(given: Readonly<Record<string, string | undefined>>, problems: string[]): Map<string, ExternalProviderSettings> {
  const parts = new Map<string, Record<string, string>>();
  for (const [variable, value] of Object.entries(given)) {
    const [, key, part] = externalPart.exec(variable) ?? [];
    if (key && part) parts.set(key, { ...parts.get(key), [part]: value ?? '' });
  }
  const providers = new Map<string, ExternalProviderSettings>();
  for (const [key, values] of parts) {
    const read = externalShape.safeParse(values);
    if (!read.success) {
      problems.push(
        ...read.error.issues.map(
          ({ path, message }) => `EXTERNAL_${key}_${String(path[0])} ${values[String(path[0])] ? message : 'is missing'}`,
        ),
      );
      continue;
    }
    const { ISSUER: issuer, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, NAME, TRUSTS_ADDRESSES: trustsAddresses } = read.data;
    const name = NAME ?? `${key.charAt(0)}${key.slice(1).toLowerCase()}`;
    providers.set(key.toLowerCase(), { issuer, clientId, clientSecret, name, trustsAddresses });
  }
  return providers;
}

function productionProblems(data: z.infer<typeof shape>): string[] {
  const problems: string[] = [];
  if (!data.DATABASE_URL)
    problems.push(
      'DATABASE_URL is missing; mend: in production name a PostgreSQL 15 or newer, such as postgres://user:password@host:5432/database',
    );
  if (!data.PUBLIC_URL)
    problems.push('PUBLIC_URL is missing; mend: name the address under which clients reach the gateway, such as https://api.example.com');
  if (!data.INTERNAL_KEY) problems.push('INTERNAL_KEY is missing; mend: give all services the same output of openssl rand -hex 32');
  if (data.DEVELOPMENT_TOOLS) problems.push('DEVELOPMENT_TOOLS must not be true in production; mend: remove it');
  if (data.SEED === 'demo') problems.push('SEED must not be demo in production, its passwords are public; mend: SEED=none');
  return problems;
}
