import { createHash } from 'node:crypto';
import type { Identity } from '@supergraph/platform/context';
import { type DocumentNode, Kind, parse } from 'graphql';
import type { Executor } from './executor.ts';
import { argumentOf, isTypeDefinition } from './supergraph-parts.ts';

/** Says for whoever asks which labels of `@override` are on; the same answer is the same map. */
export type Overrides = (identity: Identity) => ReadonlyMap<string, boolean>;

export interface OverrideOptions {
  /** Labels that are on for everybody, as OVERRIDE_LABELS names them. */
  readonly active?: ReadonlySet<string>;
  /** Decides one label for one request; undefined leaves it to the setting and to `percent(n)`. */
  readonly decide?: (label: string, identity: Identity) => boolean | undefined;
}

/** The labels of `@override(label:)` in a supergraph, each once, in alphabetical order. */
export function overrideLabelsOf(supergraph: string | DocumentNode): readonly string[] {
  const { definitions } = typeof supergraph === 'string' ? parse(supergraph) : supergraph;
  const labels = definitions.filter(isTypeDefinition).flatMap((type) => {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION && type.kind !== Kind.INTERFACE_TYPE_DEFINITION) return [];
    const directives = type.fields?.flatMap((field) => field.directives ?? []) ?? [];
    return directives.flatMap((directive) =>
      directive.name.value === 'join__field' ? [argumentOf(directive, 'overrideLabel')].filter((label) => label !== undefined) : [],
    );
  });
  return [...new Set(labels)].toSorted();
}

const percentForm = /^percent\((\d{1,2}(?:\.\d{1,8})?|100)\)$/;
const answersKept = 1_000;

/**
 * Decides labels for requests. `percent(n)` is on for n of a hundred users, always the same ones, who stay when n grows;
 * guests are counted by request. Any other label is off unless an option says otherwise.
 */
export function createOverrides(labels: readonly string[], { active = new Set(), decide }: OverrideOptions = {}): Overrides {
  const answers = new Map<string, ReadonlyMap<string, boolean>>();
  const percents = new Map(labels.map((label) => [label, percentOf(label)]));
  const isOn = (label: string, identity: Identity, place: () => number): boolean => {
    const decided = decide?.(label, identity);
    if (decided !== undefined) return decided;
    const percent = percents.get(label);
    return active.has(label) || (percent !== undefined && place() < percent);
  };
  return (identity) => {
    let known: number | undefined;
    const place = () => (known ??= placeOf(identity.viewer?.userId ?? identity.requestId));
    const values = labels.map((label) => isOn(label, identity, place));
    const key = values.join();
    const answer = answers.get(key) ?? new Map(labels.map((label, index) => [label, values[index] ?? false]));
    if (answers.size >= answersKept) answers.clear();
    answers.set(key, answer);
    return answer;
  };
}

/** An executor whose requests carry what is on for whoever asks; a subscription keeps it for its life. */
export function withOverrides(executor: Executor, overrides: Overrides): Executor {
  return {
    ...executor,
    execute: (request) => executor.execute({ ...request, overrides: overrides(request.identity) }),
    executeInParts: (request) => executor.executeInParts({ ...request, overrides: overrides(request.identity) }),
    subscribe: (request) => executor.subscribe({ ...request, overrides: overrides(request.identity) }),
  };
}

function percentOf(label: string): number | undefined {
  const percent = percentForm.exec(label)?.[1];
  return percent === undefined ? undefined : Number(percent);
}

/** Where a subject stands between 0 and 100: always the same place, all places equally likely. */
const placeOf = (subject: string): number => (createHash('sha256').update(subject).digest().readUInt32BE(0) / 2 ** 32) * 100;
