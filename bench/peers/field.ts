import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeSubgraphs } from '../../gateway/src/compose.ts';
import type { GatewayOptions } from '../gateways/options.ts';
import { type Cores, divideCores } from '../processes/cores.ts';
import { type Started, startProcess } from '../processes/start.ts';
import { type Gateway, isOurs } from './gateways.ts';
import { subgraphs } from './graph/subgraphs.ts';
import type { PeerScenario } from './scenarios.ts';

interface Address {
  readonly port: number;
  readonly path: string;
}

/** A gateway that runs. */
export interface Runner {
  readonly gateway: Gateway;
  readonly process: Started<Address>;
}

/** A gateway that could not be measured, and why. */
export interface Failure {
  readonly gateway: Gateway;
  readonly reason: string;
}

/** Everything that one scenario needs, running: upstream, load generator and gateways. */
export interface Field {
  readonly upstream: Started<{ readonly port: number }>;
  readonly load: Started<undefined>;
  readonly runners: readonly Runner[];
  readonly failures: readonly Failure[];
  readonly cores: Cores | undefined;
  end(): Promise<void>;
}

type Tell = (line: string) => void;

/** Starts upstream, load generator and the gateways, one after the other; a gateway that does not start is a failure, not an error. */
export async function openField(scenario: PeerScenario, gateways: readonly Gateway[], tell: Tell): Promise<Field> {
  const cores = divideCores();
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const undo: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true })];
  const end = async () => {
    for (const step of undo.toReversed()) await step();
  };
  try {
    const upstream = await startProcess<{ port: number }>({ entry: 'peers/upstream.ts', ours: true, cores: cores?.others });
    undo.push(() => upstream.end());
    const load = await startProcess<undefined>({ entry: 'load/process.ts', ours: true, cores: cores?.others });
    undo.push(() => load.end());
    const services = subgraphs.map(({ name, sdl }) => ({ name, sdl, url: `http://127.0.0.1:${upstream.ready.port}/${name}` }));
    const supergraphFile = join(directory, 'supergraph.graphql');
    writeFileSync(supergraphFile, composeSubgraphs(services).supergraphSdl);
    const { shareUpstream, shareInbound } = scenario;
    const failures: Failure[] = [];
    const runners: Runner[] = [];
    for (const gateway of gateways) {
      const variant = scenario.embedded ? 'in-process' : gateway.variant;
      const started = await startGateway(gateway, { supergraphFile, services, shareUpstream, shareInbound, variant }, cores);
      if ('reason' in started) {
        failures.push(started);
        tell(`${gateway.name} did not start: ${started.reason.split('\n')[0]}`);
        continue;
      }
      runners.push(started);
      undo.push(() => started.process.end());
    }
    return { upstream, load, runners, failures, cores, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function startGateway(gateway: Gateway, options: GatewayOptions, cores: Cores | undefined): Promise<Runner | Failure> {
  const { entry, environment = {} } = gateway;
  try {
    return {
      gateway,
      process: await startProcess<Address>({ entry, options, environment, ours: isOurs(gateway), cores: cores?.measured }),
    };
  } catch (error) {
    return { gateway, reason: `it did not start: ${(error as Error).message}` };
  }
}
