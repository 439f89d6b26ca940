import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The value below which a share of the values lies; the values need no order. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

/** The middle value. */
export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** The resident memory of a process in bytes; undefined where the system has no /proc. */
export function residentBytes(pid: number | undefined): number | undefined {
  if (pid === undefined || process.platform !== 'linux') return undefined;
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
}

const quietSeconds = 10;
const restWithinSeconds = 60;

/** The resident memory when nobody asks anything: what it is when it has not fallen any more for ten seconds. */
export async function restingBytes(pid: number | undefined): Promise<number | undefined> {
  let lowest = residentBytes(pid);
  for (let waited = 0, quiet = 0; lowest !== undefined && quiet < quietSeconds && waited < restWithinSeconds; waited++, quiet++) {
    await sleep(1_000);
    const now = residentBytes(pid) ?? lowest;
    if (now < lowest) quiet = 0;
    lowest = Math.min(lowest, now);
  }
  return lowest;
}

/** The processor time that a process has used so far, in milliseconds; undefined where the system has no /proc. */
export function processorMs(pid: number | undefined): number | undefined {
  if (pid === undefined || process.platform !== 'linux') return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  // Linux counts in hundredths of a second, whatever its own clock is.
  return (Number(user) + Number(system)) * 10;
}

/** The processor time that all programs together have used so far, in milliseconds; undefined where the system has no /proc. */
export function machineMs(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const times = /^cpu +(.+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]?.split(' ').map(Number) ?? [];
  // user, nice, system, idle, iowait, irq, softirq, steal; the rest is counted in user already.
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = times;
  return (user + nice + system + irq + softirq + steal) * 10;
}

export const milliseconds = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ms`;
export const seconds = (value: number): string => `${(value / 1_000).toFixed(2)} s`;
export const megabytes = (bytes: number | undefined): string =>
  bytes === undefined ? 'unknown here' : `${(bytes / 1_048_576).toFixed(0)} MB`;
export const perSecond = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')}/s`;
