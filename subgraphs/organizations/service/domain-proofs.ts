import { asTenant } from '@supergraph/platform/database';
import { defineWorker } from '@supergraph/platform/workers';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { type Domain, findDomain, listDueProofs, updateDomain } from '../store/domains.ts';
import { listKeeperIds } from '../store/memberships.ts';
import { lockOrganization } from '../store/organizations.ts';
import { record } from './audit.ts';
import { type Finding, lookUpProof } from './dns.ts';
import { requestNotice } from './tell.ts';

/** A little less than a day, so that a run that came late is not one that is missed. */
const dueAfterMs = 20 * 3_600_000;
const failuresAtMost = 7;
const checkedAtOnce = 20;

/** Repeats the proofs of all domains. */
export const proveDomains = defineWorker<Record<string, never>, Context['loaders']>({
  name: 'prove-domains',
  data: z.strictObject({}),
  schedule: '7 4 * * *',
  run: async (ctx) => {
    const before = new Date(ctx.now().getTime() - dueAfterMs);
    for (let behind: string | null = null; ;) {
      ctx.signal.throwIfAborted();
      const due: Domain[] = await listDueProofs(ctx.db, before, behind, checkedAtOnce);
      // The domain name system is slow, and the answers do not depend on each other; what is written does not run side by side.
      const findings = await Promise.all(due.map((domain) => lookUpProof(ctx, domain.name, domain.challenge)));
      for (const [index, domain] of due.entries()) await note(ctx, domain, findings[index] ?? 'UNREACHABLE');
      behind = due.at(-1)?.id ?? null;
      if (due.length < checkedAtOnce) return;
    }
  },
});

/** Seven failures in a row end a proof; what cannot be asked counts like what is not there. */
async function note(ctx: Context, { organizationId, id }: Domain, finding: Finding): Promise<void> {
  await asTenant(ctx.db, organizationId, async (tx) => {
    const organization = await lockOrganization(tx, organizationId);
    const domain = await findDomain(tx, organizationId, id);
    if (!organization || domain?.status !== 'VERIFIED') return;
    const checkedAt = ctx.now();
    if (finding === 'FOUND') return updateDomain(tx, domain, { checkedAt, failures: 0 });
    const failures = domain.failures + 1;
    const isOver = failures >= failuresAtMost;
    await updateDomain(tx, domain, { checkedAt, failures, ...(isOver ? { status: 'FAILED', autoJoin: false } : {}) });
    if (isOver) await record(ctx, tx, organizationId, { name: 'domain.failed', target: id, details: { name: domain.name } });
    if (failures !== 1 && !isOver) return;
    for (const recipientId of await listKeeperIds(tx, organizationId))
      await requestNotice(ctx, tx, {
        kind: 'DOMAIN_FAILING',
        recipientId,
        organization,
        subject: { type: 'Organization', id: organizationId },
        fact: `${id}:${checkedAt.getTime()}`,
        data: { domain: domain.name },
      });
  });
}
