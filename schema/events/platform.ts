import { defineEventFamily } from '@supergraph/platform/events';
import { z } from 'zod';

/** A domain has erased all rows of a deleted tenant. */
export const tenantErased = defineEventFamily('tenant.erased', 1, 'organizationId', z.object({ organizationId: z.uuid() }));

/** How much of a quota a tenant uses in a domain. */
export const usageReported = defineEventFamily(
  'usage.reported',
  1,
  'organizationId',
  z.object({ organizationId: z.uuid(), key: z.string(), used: z.int() }),
);
