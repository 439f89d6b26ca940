import { defineEventFamily } from '@supergraph/platform/events';
import type { PersonalDataEvents } from '@supergraph/platform/personal-data';
import type { QuotaEvents } from '@supergraph/platform/quotas';
import type { TenantRowEvents } from '@supergraph/platform/tenant-erasure';
import { z } from 'zod';
import { personalDataAsked, userDeleted, userErasureOverdue } from './accounts.ts';
import { organizationDeleted, organizationErasureOverdue, quotaChanged, tenantRowsAsked } from './organizations.ts';

/** A domain has erased all rows of a deleted tenant. */
export const tenantErased = defineEventFamily('tenant.erased', 1, 'organizationId', z.object({ organizationId: z.uuid() }));

/** A domain keeps rows of tenants; told at each of its starts and when it is asked, so that whoever deletes a tenant knows whom to wait for. */
export const tenantRowsKept = defineEventFamily('tenant_rows.kept', 1, 'domain', z.object({ domain: z.string() }));

/** What a domain that keeps rows of tenants hears and tells about them. */
export const tenantRowEvents = (domain: string): TenantRowEvents => ({
  asked: tenantRowsAsked,
  kept: tenantRowsKept.of(domain),
  deleted: organizationDeleted,
  overdue: organizationErasureOverdue,
  erased: tenantErased.of(domain),
});

/** A domain has erased what it held of a person whose account was erased. */
export const personErased = defineEventFamily('person.erased', 1, 'userId', z.object({ userId: z.uuid() }));

/** A domain holds data of people; told at each of its starts and when it is asked, so that accounts knows whom to wait for and whom to ask. */
export const personalDataKept = defineEventFamily('personal_data.kept', 1, 'domain', z.object({ domain: z.string() }));

/** What a domain that holds data of people hears and tells about it. */
export const personalDataEvents = (domain: string): PersonalDataEvents => ({
  asked: personalDataAsked,
  kept: personalDataKept.of(domain),
  deleted: userDeleted,
  overdue: userErasureOverdue,
  erased: personErased.of(domain),
});

/** How much of a quota a tenant uses in a domain. */
export const usageReported = defineEventFamily(
  'usage.reported',
  1,
  'organizationId',
  z.object({ organizationId: z.uuid(), key: z.string(), used: z.int() }),
);

/** What a domain that owns quotas hears and tells about them. */
export const quotaEvents = (domain: string): QuotaEvents => ({ changed: quotaChanged, reported: usageReported.of(domain) });
