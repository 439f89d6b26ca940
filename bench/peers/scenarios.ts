export type PeerScenarioName = 'http' | 'http-shared' | 'identical' | 'in-process';

/** How one comparison is set up. */
export interface PeerScenario {
  readonly name: PeerScenarioName;
  readonly title: string;
  readonly explanation: string;
  readonly distinct: boolean;
  readonly shareUpstream: boolean;
  readonly shareInbound: boolean;
  /** Only ours, with the subgraphs inside its process. */
  readonly embedded: boolean;
}

export const peerScenarios: readonly PeerScenario[] = [
  {
    name: 'http',
    title: 'Beside its peers: distinct requests, nothing shared',
    explanation: 'Every request differs from all others; sharing upstream requests is switched off everywhere.',
    distinct: true,
    shareUpstream: false,
    shareInbound: false,
    embedded: false,
  },
  {
    name: 'http-shared',
    title: 'Beside its peers: distinct requests, upstream requests shared',
    explanation: 'Every request differs from all others; identical upstream requests in flight are one where a gateway can do that.',
    distinct: true,
    shareUpstream: true,
    shareInbound: false,
    embedded: false,
  },
  {
    name: 'identical',
    title: 'Beside its peers: identical requests',
    explanation: 'All requests are the same; those in flight together are one where a gateway can do that.',
    distinct: false,
    shareUpstream: true,
    shareInbound: true,
    embedded: false,
  },
  {
    name: 'in-process',
    title: 'The subgraphs inside the gateway',
    explanation:
      'Every request differs from all others; the subgraphs are function calls. Ours alone can do that: beside Apollo means Apollo over HTTP.',
    distinct: true,
    shareUpstream: false,
    shareInbound: false,
    embedded: true,
  },
];
