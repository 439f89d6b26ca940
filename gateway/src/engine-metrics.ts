import type { GuardState } from '@supergraph/platform/breaker';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { EngineMetrics, FetchReport } from './engine/fetch-report.ts';

const fetchSeconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
const planSeconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
const breakerStates = { closed: 0, 'half-open': 1, open: 2 };

/** Measures engines. The only labels are names of subgraphs and outcomes, of which there are few. */
export function createEngineMetrics(registry: Registry): EngineMetrics {
  const registers = [registry];
  const subgraph = ['subgraph'] as const;
  const plans = new Histogram({
    name: 'gateway_plan_duration_seconds',
    help: 'How long planning and compiling an operation took, by whether a plan was made',
    labelNames: ['outcome'],
    buckets: planSeconds,
    registers,
  });
  const found = new Counter({ name: 'gateway_plan_cache_hits_total', help: 'Operations whose plan was there already', registers });
  const kept = new Gauge({ name: 'gateway_operations_kept', help: 'Planned operations in memory', registers });
  const fetches = new Histogram({
    name: 'gateway_fetch_duration_seconds',
    help: 'How long fetches from subgraphs took, by how they ended',
    labelNames: ['subgraph', 'outcome'],
    buckets: fetchSeconds,
    registers,
  });
  const shared = new Counter({
    name: 'gateway_fetches_shared_total',
    help: 'Fetches that took the answer to the same question of somebody else',
    labelNames: subgraph,
    registers,
  });
  const asked = new Counter({
    name: 'gateway_entities_asked_total',
    help: 'Entities that subgraphs were asked for',
    labelNames: subgraph,
    registers,
  });
  const saved = new Counter({
    name: 'gateway_entities_saved_total',
    help: 'References to entities that needed no asking: the same request had asked for the entity already, or an earlier one (source "cache")',
    labelNames: ['subgraph', 'source'],
    registers,
  });
  const fetched = (report: FetchReport): void => {
    const { serviceName: name } = report.fetch.node;
    const { wanted, outcome, remembered } = report;
    if (outcome !== 'known' && outcome !== 'remembered')
      fetches.observe({ subgraph: name, outcome }, (report.endedAt - report.startedAt) / 1_000);
    if (report.isShared) shared.inc({ subgraph: name });
    if (wanted === 0) return;
    asked.inc({ subgraph: name }, report.asked);
    saved.inc({ subgraph: name, source: 'request' }, wanted - report.asked - remembered);
    saved.inc({ subgraph: name, source: 'cache' }, remembered);
  };
  return {
    planned: (tookMs, isMade) => plans.observe({ outcome: isMade ? 'made' : 'failed' }, tookMs / 1_000),
    planFound: () => found.inc(),
    kept: (change) => kept.inc(change),
    fetched,
  };
}

/** Shows how subgraphs are doing that are asked over a wire; the result takes a client in, until it is closed. */
export function createClientMetrics(registry: Registry): (client: SubgraphClient) => SubgraphClient {
  const watched = new Set<SubgraphClient>();
  const gauge = (name: string, help: string, read: (state: GuardState) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['subgraph'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { name: subgraph, guardState } of watched) if (guardState) this.set({ subgraph }, read(guardState()));
      },
    });
  gauge('gateway_subgraph_breaker_state', 'Whether calls get through: 0 yes, 1 one tries, 2 none', ({ breaker }) => breakerStates[breaker]);
  gauge('gateway_subgraph_calls_running', 'Calls to a subgraph under way', ({ running }) => running);
  gauge('gateway_subgraph_calls_waiting', 'Calls to a subgraph that wait for their turn', ({ waiting }) => waiting);
  return (client) => {
    watched.add(client);
    const close = async () => {
      watched.delete(client);
      await client.close();
    };
    return { ...client, close };
  };
}
