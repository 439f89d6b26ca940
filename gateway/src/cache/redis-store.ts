import { hash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGuard, wasRefused } from '@supergraph/platform/breaker';
import type { Log } from '@supergraph/platform/log';
import { leaveRedis, openRedis, type Redis } from '@supergraph/platform/redis';
import { clearScript, findScript, keepScript, touchScript } from './redis-scripts.ts';
import { type CacheStore, type Entry, type Found, type Kept, type Moment, nothingFound } from './store.ts';

export interface RedisStoreOptions {
  readonly url: string;
  readonly log: Log;
  readonly now?: () => number;
  /** Keeps apart what shares a Redis. */
  readonly name?: string;
  /** How long a look may take before it counts as having found nothing. */
  readonly answerMs?: number;
}

/** All keys of one cache are in one slot of a cluster. */
const prefixOf = (name: string) => `supergraph:{${name}}:`;
const touchMs = 1_000;
const pauseMs = 200;
const largestEntry = 1_000_000;
const tagsRemembered = 50_000;
const concurrent = 500;

/**
 * Keeps texts in Redis, for all gateways together. A Redis that is away or slow is one that has nothing. What it could
 * not be told, it is made to forget before it is read again.
 */
export function createRedisStore({ url, log, now = Date.now, name = 'cache', answerMs = 50 }: RedisStoreOptions): CacheStore {
  const prefix = prefixOf(name);
  const stateKey = `${prefix}state`;
  const keyOf = (key: string) => prefix + hash('sha256', key, 'base64url');
  const redis = openRedis({
    url,
    log,
    lost: 'answers are not remembered until it is back',
    options: { enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 },
  });
  const scripts = scriptsOf(redis);
  const guard = createGuard({ isOutage: () => true, concurrent, waiting: 0 });
  const renewal = createRenewal(redis, () => within(touchMs, scripts.clear(stateKey, randomUUID())));
  redis.on('ready', renewal.begin);

  const reachable = () => redis.status === 'ready' && !renewal.isDue();
  const note = (error: unknown) => {
    if (!wasRefused(error)) log.debug({ error }, 'the cache did not answer in time; it counts as empty');
  };
  return {
    find: async (keys) => {
      if (!reachable()) return nothingFound(keys);
      try {
        return await guard.run(() => within(answerMs, look(scripts, stateKey, keys.map(keyOf), now())));
      } catch (error) {
        note(error);
        return nothingFound(keys);
      }
    },
    keep: (entries, moment) => {
      if (!reachable() || guard.isOpen) return;
      const fitting = entries.filter(({ text, expiresAt }) => text.length <= largestEntry && expiresAt > now());
      if (fitting.length === 0) return;
      within(touchMs, keepAll(scripts, stateKey, keyOf, fitting, moment, now())).catch(note);
    },
    touch: (tags) => {
      if (!reachable()) return renewal.demand();
      within(touchMs, scripts.touch(stateKey, randomUUID(), tagsRemembered, ...tags.map(tagText))).catch((error: unknown) => {
        log.debug({ error }, 'the cache could not be told of a change; it is emptied');
        renewal.demand();
      });
    },
    clear: () => renewal.demand(),
    close: async () => {
      renewal.stop();
      await leaveRedis(redis);
    },
  };
}

type Argument = string | number;
interface Scripts {
  find(stateKey: string, keys: readonly string[], epoch: string): Promise<readonly (string | null)[]>;
  keep(stateKey: string, keys: readonly string[], ...rest: readonly Argument[]): Promise<unknown>;
  touch(stateKey: string, epoch: string, most: number, ...tags: readonly string[]): Promise<unknown>;
  clear(stateKey: string, epoch: string): Promise<unknown>;
}

/** The client sends a script's text once and its hash from then on. */
function scriptsOf(redis: Redis): Scripts {
  const names = { find: 'cacheFind', keep: 'cacheKeep', touch: 'cacheTouch', clear: 'cacheClear' };
  redis.defineCommand(names.find, { lua: findScript });
  redis.defineCommand(names.keep, { lua: keepScript });
  redis.defineCommand(names.touch, { lua: touchScript, numberOfKeys: 1 });
  redis.defineCommand(names.clear, { lua: clearScript, numberOfKeys: 1 });
  const commands = redis as unknown as Record<string, (...given: readonly Argument[]) => Promise<unknown>>;
  const run = (name: string, ...given: readonly Argument[]) => commands[name]?.call(redis, ...given) ?? Promise.reject(new Error(name));
  return {
    find: (stateKey, keys, epoch) => run(names.find, keys.length + 1, stateKey, ...keys, epoch) as Promise<readonly (string | null)[]>,
    keep: (stateKey, keys, ...rest) => run(names.keep, keys.length + 1, stateKey, ...keys, ...rest),
    touch: (...given) => run(names.touch, ...given),
    clear: (...given) => run(names.clear, ...given),
  };
}

async function look(scripts: Scripts, stateKey: string, keys: readonly string[], now: number): Promise<Found> {
  const [epoch, touches, ...texts] = await scripts.find(stateKey, keys, randomUUID());
  if (!epoch) return nothingFound(keys);
  return { entries: texts.map((text) => readEntry(text, now)), moment: { epoch, touches: Number(touches) } };
}

function readEntry(text: string | null, now: number): Kept | undefined {
  if (text === null) return undefined;
  const [header, tags] = [text.indexOf('\n'), text.indexOf('\n', text.indexOf('\n') + 1)];
  const expiresAt = Number(text.slice(text.lastIndexOf(' ', header) + 1, header));
  return expiresAt > now ? { text: text.slice(tags + 1), expiresAt } : undefined;
}

function keepAll(
  scripts: Scripts,
  stateKey: string,
  keyOf: (key: string) => string,
  entries: readonly Entry[],
  moment: Moment,
  now: number,
): Promise<unknown> {
  const rest = entries.flatMap(({ text, tags, expiresAt }) => {
    const told = tags.map(tagText).join('\t');
    return [told, Math.max(1, expiresAt - now), `${moment.epoch} ${moment.touches} ${expiresAt}\n${told}\n${text}`];
  });
  const keys = entries.map(({ key }) => keyOf(key));
  return scripts.keep(stateKey, keys, moment.epoch, moment.touches, ...rest);
}

/** A key of an entity may hold anything. */
const tagText = (tag: string): string => (/[\t\n]/.test(tag) ? hash('sha256', tag, 'base64url') : tag);

/** Empties the cache as soon as it can be told to; until then it is not to be read. */
function createRenewal(redis: Redis, clear: () => Promise<unknown>) {
  /** Rises with each demand: one that came while the cache was emptied is not yet met. */
  let demanded = 1;
  let met = 0;
  let running = false;
  let stopped = false;
  const run = async () => {
    if (running) return;
    running = true;
    while (met < demanded && redis.status === 'ready' && !stopped) {
      const meeting = demanded;
      const cleared = await clear().then(
        () => true,
        () => false,
      );
      if (cleared) met = meeting;
      else await sleep(pauseMs, undefined, { ref: false });
    }
    running = false;
  };
  return {
    isDue: () => met < demanded,
    begin: () => void run(),
    demand: () => {
      demanded += 1;
      void run();
    },
    stop: () => {
      stopped = true;
    },
  };
}

/** Fails when the work takes longer; it goes on, but nobody waits for it. */
async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Redis did not answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
