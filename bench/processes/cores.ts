import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Which cores the measured process may use, and which all others; undefined where processes cannot be pinned. */
export interface Cores {
  readonly measured: string;
  readonly others: string;
}

/** The last core for what is measured, the others for load and upstreams. */
export function divideCores(): Cores | undefined {
  if (process.platform !== 'linux' || spawnSync('taskset', ['--version']).status !== 0) return undefined;
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const cores = expand(list);
  const measured = cores.at(-1);
  if (measured === undefined || cores.length < 2) return undefined;
  return { measured: String(measured), others: cores.slice(0, -1).join(',') };
}

/** `0-2,5` as 0, 1, 2, 5. */
export function expand(list: string): number[] {
  const parts = list.split(',').filter(Boolean);
  return parts.flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    if (first === undefined || last === undefined || Number.isNaN(first) || Number.isNaN(last)) return [];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
