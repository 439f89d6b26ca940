import { randomBytes } from 'node:crypto';
import { asTenant } from '@supergraph/platform/database';
import { badInput, conflict, isUniqueViolation, notFound, upstreamUnavailable } from '@supergraph/platform/errors';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { isOwner } from '../policy.ts';
import { countDomains, deleteDomain, type DomainWithRole, findDomain, insertDomain, listDomains, updateDomain } from '../store/domains.ts';
import { findSettings, type Organization } from '../store/organizations.ts';
import { changesOf, record } from './audit.ts';
import { lookUpProof } from './dns.ts';
import { domainName } from './domain-names.ts';
import { tooMany } from './team-members.ts';
import { type Act, actInTenant, requireGrantable, requireRole } from './tenant.ts';

const write = 'organizations.settings.write';
const domainLimit = 50;

const NewDomain = z.strictObject({ name: domainName });
const OneDomain = z.strictObject({ id: idInput });
const DomainChange = z.strictObject({ id: idInput, autoJoin: optional(z.boolean()), joinRoleId: optional(idInput) });

/** The domains of the chosen tenant; null for another one. */
export async function domainsOf(ctx: Context, { id }: Organization): Promise<DomainWithRole[] | null> {
  return ctx.organization?.id === id ? asTenant(ctx.db, id, (tx) => listDomains(tx, id)) : null;
}

async function requireDomain({ tx, organization }: Act, id: string): Promise<DomainWithRole> {
  const domain = await findDomain(tx, organization.id, id);
  if (!domain) throw notFound('Domain');
  return domain;
}

/** Adds a domain that is yet to be proven. */
export async function addDomain(ctx: Context, input: unknown): Promise<DomainWithRole> {
  const { name } = parseInput(NewDomain, input);
  try {
    return await actInTenant(ctx, write, async (act) => {
      const { tx, organization } = act;
      const organizationId = organization.id;
      if ((await countDomains(tx, organizationId)) >= domainLimit) throw tooMany('domains', domainLimit, 'an organization has');
      const [settings] = await findSettings(tx, [organizationId]);
      if (!settings) throw new Error('an organization lacks its settings');
      const challenge = `supergraph-verification=${randomBytes(20).toString('base64url')}`;
      const id = await insertDomain(tx, { organizationId, name, challenge, joinRoleId: settings.defaultRoleId, createdAt: ctx.now() });
      await record(ctx, tx, organizationId, { name: 'domain.added', target: id, details: { name } });
      return requireDomain(act, id);
    });
  } catch (error) {
    throw isUniqueViolation(error, 'domains_name') ? conflict('the organization has this domain', { reason: 'DOMAIN_EXISTS' }) : error;
  }
}

/** Looks for the record of a domain and proves it; the look itself happens outside of any transaction. */
export async function verifyDomain(ctx: Context, input: unknown): Promise<DomainWithRole> {
  const { id } = parseInput(OneDomain, input);
  const { name, challenge } = await actInTenant(ctx, write, (act) => requireDomain(act, id));
  const finding = await lookUpProof(ctx, name, challenge);
  if (finding === 'UNREACHABLE') throw upstreamUnavailable('the domain name system does not answer right now, try again shortly');
  if (finding === 'MISSING')
    throw conflict('the record is not there, or not everywhere yet; enter it and try again later', { reason: 'DOMAIN_NOT_PROVEN' });
  try {
    return await actInTenant(ctx, write, async (act) => {
      const { tx, organization } = act;
      const domain = await requireDomain(act, id);
      const now = ctx.now();
      const verifiedAt = domain.status === 'VERIFIED' ? domain.verifiedAt : now;
      await updateDomain(tx, domain, { status: 'VERIFIED', verifiedAt, checkedAt: now, failures: 0 });
      if (domain.status !== 'VERIFIED') await record(ctx, tx, organization.id, { name: 'domain.verified', target: id, details: { name } });
      return requireDomain(act, id);
    });
  } catch (error) {
    throw isUniqueViolation(error, 'domains_verified')
      ? conflict('another organization has proven this domain', { reason: 'DOMAIN_TAKEN' })
      : error;
  }
}

/** Changes whether people of a proven domain join by themselves, and as what. */
export async function changeDomain(ctx: Context, input: unknown): Promise<DomainWithRole> {
  const { id, autoJoin, joinRoleId } = parseInput(DomainChange, input);
  return actInTenant(ctx, write, async (act) => {
    const { tx, organization } = act;
    const before = await requireDomain(act, id);
    if (autoJoin && before.status !== 'VERIFIED')
      throw conflict('prove the domain before people join by it', { reason: 'DOMAIN_NOT_PROVEN' });
    if (joinRoleId && joinRoleId !== before.joinRoleId) await requireJoinRole(act, joinRoleId);
    // Whoever opens the door gives the role to all who come.
    else if (autoJoin && !before.autoJoin) requireGrantable(act, before.joinRole);
    const change = { ...(autoJoin === undefined ? {} : { autoJoin }), ...(joinRoleId === undefined ? {} : { joinRoleId }) };
    if (Object.keys(change).length > 0) await updateDomain(tx, before, change);
    const after = await requireDomain(act, id);
    const details = { name: before.name, ...changesOf(before, after, ['autoJoin', 'joinRoleId']) };
    await record(ctx, tx, organization.id, { name: 'domain.updated', target: id, details });
    return after;
  });
}

async function requireJoinRole(act: Act, roleId: string): Promise<void> {
  const role = await requireRole(act, roleId, 'joinRoleId');
  if (isOwner({ role })) throw badInput([{ path: 'joinRoleId', message: 'must not be the role of owners' }]);
  requireGrantable(act, role);
}

/** Takes a domain away; who joined by it stays. */
export async function removeDomain(ctx: Context, input: unknown): Promise<string> {
  const { id } = parseInput(OneDomain, input);
  return actInTenant(ctx, write, async (act) => {
    const { name } = await requireDomain(act, id);
    await deleteDomain(act.tx, { organizationId: act.organization.id, id });
    await record(ctx, act.tx, act.organization.id, { name: 'domain.removed', target: id, details: { name } });
    return id;
  });
}
