import { Session } from 'node:inspector/promises';
import type { Profiler } from 'node:inspector';

/** How long a function itself ran, without what it called. */
export interface SelfTime {
  /** The file, a `node:` module, or empty for what has none. */
  readonly url: string;
  readonly name: string;
  readonly ms: number;
}

/** Everything that ran while a process was looked at. */
export interface Profile {
  readonly functions: readonly SelfTime[];
  readonly idleMs: number;
}

const intervalMicroseconds = 500;

/** The side of the process that is looked at: the questions that begin and end the looking. */
export function profiling() {
  const session = new Session();
  return {
    beginProfile: async (): Promise<void> => {
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: intervalMicroseconds });
      await session.post('Profiler.start');
    },
    endProfile: async (): Promise<Profile> => {
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      return summarize(profile);
    },
  };
}

/** Adds up the samples of each function; V8 gives the time since the last sample, in microseconds. */
export function summarize({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Profile {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const functions = new Map<string, { url: string; name: string; ms: number }>();
  let idleMs = 0;
  for (const [index, id] of samples.entries()) {
    const { url, functionName: name } = byId.get(id) ?? { url: '', functionName: '(unknown)' };
    const ms = (timeDeltas[index] ?? 0) / 1_000;
    // Looking is not what is looked at.
    if (url === 'node:inspector') continue;
    if (name === '(idle)') {
      idleMs += ms;
      continue;
    }
    const key = `${url} ${name}`;
    const known = functions.get(key);
    if (known) known.ms += ms;
    else functions.set(key, { url, name, ms });
  }
  return { functions: [...functions.values()], idleMs };
}
