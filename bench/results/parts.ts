import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Detail, Row } from '../peers/race.ts';
import type { Figure } from './figures.ts';

/** What a scenario found; notes are sentences that belong to the figures. */
export interface Findings {
  readonly figures: readonly Figure[];
  readonly notes?: readonly string[];
  /** Only where gateways are compared. */
  readonly rows?: readonly Row[];
  readonly details?: readonly Detail[];
  readonly failures?: readonly { readonly gateway: string; readonly reason: string }[];
  readonly versions?: readonly string[];
}

/** A scenario as `run.ts` knows it. */
export interface Scenario {
  readonly title: string;
  /** `quick` is for trying it out: shorter, and nothing is written. */
  readonly run: (tell: (line: string) => void, quick: boolean) => Promise<Findings>;
}

/** What the figures depend on besides the program. */
export interface Machine {
  readonly node: string;
  readonly system: string;
  readonly cores: number;
  readonly processor: string;
}

/** The findings of a scenario with when and on what it ran. */
export interface Part extends Findings {
  readonly title: string;
  readonly at: string;
  readonly machine: Machine;
  readonly loadBefore: string;
  readonly loadAfter: string;
}

const machine = (): Machine => ({
  node: process.version,
  system: `${process.platform} ${process.arch}`,
  cores: availableParallelism(),
  processor: cpus()[0]?.model.trim() || 'unknown',
});

const load = (): string =>
  loadavg()
    .map((average) => average.toFixed(2))
    .join(' ');

/** Runs a scenario and notes the circumstances. */
export async function measure({ title, run }: Scenario, quick: boolean, tell: (line: string) => void): Promise<Part> {
  const at = new Date().toISOString();
  const loadBefore = load();
  const findings = await run(tell, quick);
  return { title, at, machine: machine(), loadBefore, loadAfter: load(), ...findings };
}
