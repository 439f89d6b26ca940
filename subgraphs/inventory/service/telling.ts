import { outbox } from '@supergraph/db/inventory/tables';
import type { Db } from '@supergraph/platform/database';
import type { EventContract } from '@supergraph/platform/events';
import { emit } from '@supergraph/platform/outbox';
import type { RequestContext } from '@supergraph/platform/context';

/** What rules need of a context when no client asks: consumers and workers have no loaders of their own. */
export type SystemContext = Omit<RequestContext<never>, 'loaders'>;

/** Tells the other domains of a change of this organization's stock. */
export const tell = <Payload>(
  ctx: SystemContext,
  tx: Db,
  organizationId: string,
  contract: EventContract<Payload>,
  payload: Payload,
): Promise<void> => emit(ctx, tx, outbox, contract, payload, { organizationId });
