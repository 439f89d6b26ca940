import type { World } from '../../support/journey.ts';

/** What one domain promises, walked through the composed graph as a client would. */
export type Walk = (world: World) => Promise<void>;
