import { hash } from 'node:crypto';
import type { FetchNode } from '@apollo/query-planner';
import type { Identity } from '@supergraph/platform/context';
import { domainTag, listTag } from '@supergraph/platform/touches';
import type { EntityCache, FoundEntities, SoughtEntities } from '../engine/engine-cache.ts';
import { toJson } from '../engine/json.ts';
import type { Tree } from '../engine/tree.ts';
import type { SupergraphFacts } from '../supergraph-facts.ts';
import type { GraphReader } from './graph-reader.ts';
import type { CacheMetrics } from './metrics.ts';
import type { FetchReading } from './read-fetch.ts';
import { type CacheStore, type Entry, type Moment, momentName } from './store.ts';
import { addTagsBelow, tagOf } from './tags-in.ts';
import { viewerKey } from './viewer-key.ts';

export interface EntityCacheOptions {
  readonly reader: GraphReader;
  readonly store: CacheStore;
  readonly metrics: CacheMetrics | undefined;
  readonly now: () => number;
  readonly graphKey: string;
  readonly facts: SupergraphFacts;
}

/** What is kept of entities, as one caller may see them. */
export function createEntityCache(options: EntityCacheOptions, identity: Identity): EntityCache {
  const { reader, graphKey } = options;
  const cache = {
    freshUntil: Infinity,
    find: (fetch: FetchNode, variables: Readonly<Record<string, unknown>>, sought: SoughtEntities): Promise<FoundEntities> | undefined => {
      const reading = reader.ofFetch(fetch);
      const shared = reading && viewerKey(identity, reading.scope);
      if (!reading || shared === undefined) return undefined;
      const asked = hash(
        'sha256',
        JSON.stringify([graphKey, fetch.serviceName, reading.operation, toJson(variables), shared]),
        'base64url',
      );
      const keys = sought.texts.map((text) => `entity ${asked} ${text}`);
      return look(options, { reading, fetch, keys, objects: sought.objects }, (until) => {
        cache.freshUntil = Math.min(cache.freshUntil, until);
      });
    },
  };
  return cache;
}

interface Search {
  readonly reading: FetchReading;
  readonly fetch: FetchNode;
  readonly keys: readonly string[];
  /** What refers to each. */
  readonly objects: readonly Tree[];
}

async function look(options: EntityCacheOptions, search: Search, freshUntil: (until: number) => void): Promise<FoundEntities> {
  const { store, metrics, now } = options;
  const begun = now();
  const { entries, moment } = await store.find(search.keys);
  for (const entry of entries) if (entry) freshUntil(entry.expiresAt);
  metrics?.lookedUp('entity', entries.filter((entry) => entry !== undefined).length, entries.length);
  return {
    // Parsed for each run: what is merged into an answer is changed there.
    entities: entries.map((entry) => entry && (JSON.parse(entry.text) as Tree)),
    since: moment && momentName(moment),
    keep: (answers) => {
      if (moment !== undefined) keepEntities(options, search, answers, begun + search.reading.maxAge * 1_000, moment);
    },
  };
}

function keepEntities(
  { store, metrics, facts }: EntityCacheOptions,
  { reading, fetch, keys, objects }: Search,
  answers: ReadonlyMap<number, Tree>,
  expiresAt: number,
  moment: Moment,
): void {
  const entries: Entry[] = [];
  for (const [index, answer] of answers) {
    const [key, object] = [keys[index], objects[index]];
    const own = object && tagOf(facts, object);
    if (key === undefined || !own) continue;
    const tags = new Set([own, domainTag(fetch.serviceName), ...[...reading.lists].map(listTag)]);
    if (addTagsBelow(facts, reading.optional, answer, tags)) entries.push({ key, text: toJson(answer), tags: [...tags], expiresAt });
  }
  if (entries.length === 0) return;
  store.keep(entries, moment);
  metrics?.kept('entity', entries.length);
}
