import { movements } from '@supergraph/db/inventory/tables';
import { behind, type Reading } from '@supergraph/platform/personal-data';
import { and, asc, eq } from 'drizzle-orm';

/** What the person booked in the ledgers of tenants; values are the tenant's. */
export const readMovements = ({ tx, userId, after, limit }: Pick<Reading, 'tx' | 'userId' | 'after' | 'limit'>) =>
  tx
    .select({
      id: movements.id,
      organizationId: movements.organizationId,
      variantId: movements.variantId,
      warehouseId: movements.warehouseId,
      kind: movements.kind,
      quantity: movements.quantity,
      reason: movements.reason,
      reference: movements.reference,
      occurredAt: movements.occurredAt,
    })
    .from(movements)
    .where(and(eq(movements.actorId, userId), behind([movements.id], after)))
    .orderBy(asc(movements.id))
    .limit(limit);
