import { idempotency } from '@supergraph/db/organizations/tables';
import { requireUnconfined, requireViewer } from '@supergraph/platform/context';
import { asTenant, type Db } from '@supergraph/platform/database';
import { conflict, isUniqueViolation, notFound, staleVersion } from '@supergraph/platform/errors';
import { idempotent } from '@supergraph/platform/idempotency';
import { idInput, nameText, optional, parseInput, text } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import {
  memberAdded,
  organizationCreated,
  organizationReinstated,
  organizationSuspended,
  organizationUpdated,
} from '@supergraph/schema/events/organizations';
import { slugify } from 'transliteration';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { builtInRoles } from '../permissions.ts';
import { countOtherOwners, insertMembership, type Member } from '../store/memberships.ts';
import {
  countOrganizations,
  findOrganizationBySlug,
  findOrganizations,
  findSettings,
  holdSlug,
  insertOrganization,
  insertSettings,
  isSlugHeld,
  listOrganizations,
  lockOrganization,
  newOrganizationId,
  type Organization,
  type OrganizationOrder,
  updateOrganization,
} from '../store/organizations.ts';
import { insertRoles, type Role } from '../store/roles.ts';
import { changesOf, record } from './audit.ts';
import { currencyInput, localeInput, timeZoneInput } from './inputs.ts';
import { heldUntil } from './slugs.ts';
import { tell, tellActive, tellDescription } from './tell.ts';
import { actInTenant, forgetLoaded, requireMayOwn } from './tenant.ts';

const slug = z
  .string()
  .transform((value) => value.trim().toLowerCase())
  .refine((value) => /^[a-z0-9](?:[a-z0-9-]{1,38})[a-z0-9]$/.test(value), 'must have 3 to 40 of a-z, 0-9 and -, with no - at either end');
const name = nameText({ max: 100 });

const NewOrganization = z.strictObject({
  name,
  slug: optional(slug),
  locale: optional(localeInput),
  timeZone: optional(timeZoneInput),
  currency: optional(currencyInput),
  idempotencyKey: optional(z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters')),
});
const OrganizationChange = z.strictObject({ version: z.int(), name: optional(name), slug: optional(slug) });
const OrganizationWishes = z.strictObject({
  search: optional(text({ min: 1, max: 100 })),
  status: optional(z.enum(['ACTIVE', 'SUSPENDED', 'DELETION_SCHEDULED', 'DELETED'])),
});
const Suspension = z.strictObject({ id: idInput, reason: optional(text({ max: 500 })) });

/** An organization by id; null when it is unknown or deleted. */
export async function findOrganization(ctx: Context, id: string): Promise<Organization | null> {
  if (!idInput.safeParse(id).success) return null;
  return ctx.loaders.organizationById.load(id);
}

/** The organization that something else refers to. */
export async function requireOrganization(ctx: Context, id: string): Promise<Organization> {
  const found = await findOrganization(ctx, id);
  if (!found) throw notFound('Organization');
  return found;
}

/** An organization by slug; null when it is unknown or deleted. */
export const findBySlug = (ctx: Context, wanted: string): Promise<Organization | null> =>
  findOrganizationBySlug(ctx.db, wanted.trim().toLowerCase());

/** All organizations; the platform's administrators alone come here. */
export async function pageOfOrganizations(
  ctx: Context,
  { filter, orderBy, ...args }: PageArguments & { filter?: unknown; orderBy?: OrganizationOrder | null | undefined },
): Promise<Connection<Organization>> {
  const wishes = parseInput(OrganizationWishes, filter ?? {});
  const order = orderBy ?? { field: 'CREATED_AT', direction: 'DESC' };
  const page = readPage(ctx, args, ['organizations', wishes, order]);
  const rows = await listOrganizations(ctx.db, page, wishes, order);
  const keyOf = (row: Organization) => (order.field === 'NAME' ? [row.name, row.id] : [row.id]);
  return toConnection(ctx, page, rows, keyOf, () => countOrganizations(ctx.db, wishes));
}

const slugTaken = () => conflict('this slug is taken; choose another one', { reason: 'SLUG_TAKEN' });

/** Slugs to try for a name: plain, then with letters of the id. */
function slugsFor(wanted: string, id: string): string[] {
  const plain = slugify(wanted)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 33)
    .replace(/^-+|-+$/g, '');
  const suffix = id.slice(-6);
  return plain.length >= 3 ? [plain, `${plain}-${suffix}`] : [`org-${plain ? `${plain}-` : ''}${suffix}`];
}

type Description = Pick<z.infer<typeof NewOrganization>, 'locale' | 'timeZone' | 'currency'> & {
  readonly name: string;
  readonly slug: string;
};

/** Writes a tenant with its roles, settings and first owner, inside the tenant's scope. */
async function found(ctx: Context, tx: Db, id: string, ownerId: string, description: Description): Promise<void> {
  const { locale = 'en', timeZone = 'UTC', currency = 'EUR' } = description;
  const organization = await insertOrganization(tx, { id, name: description.name, slug: description.slug, memberCount: 1 });
  if (await isSlugHeld(tx, description.slug, id, ctx.now())) throw slugTaken();
  const roles = await insertRoles(
    tx,
    builtInRoles.map((role) => ({ ...role, organizationId: id, builtIn: true })),
  );
  const roleOf = (key: string): Role => roles.find((role) => role.key === key) as Role;
  await insertSettings(tx, { organizationId: id, defaultRoleId: roleOf('MEMBER').id, locale, timeZone, currency });
  const membership = await insertMembership(tx, {
    organizationId: id,
    userId: ownerId,
    roleId: roleOf('OWNER').id,
    joinedBy: 'CREATED',
    joinedAt: ctx.now(),
  });
  const owner: Member = { ...membership, role: roleOf('OWNER'), guestsSeeMembers: false, teamIds: [] };
  await tellDescription(ctx, tx, organizationCreated, organization, { locale, timeZone, currency });
  await tellActive(ctx, tx, memberAdded, owner, organization.epoch);
  await record(ctx, tx, id, { name: 'organization.created', target: id, details: { name: description.name, slug: description.slug } });
}

/** Makes an organization that the viewer owns. */
export async function createOrganization(ctx: Context, input: unknown): Promise<Organization> {
  requireUnconfined(ctx);
  const { idempotencyKey, ...wanted } = parseInput(NewOrganization, input);
  const { userId } = requireViewer(ctx);
  const made = await ctx.db.transaction(async (tx) => {
    const id = await idempotent(ctx, tx, idempotency, { operation: 'createOrganization', key: idempotencyKey, input: wanted }, async () => {
      await requireMayOwn(ctx, tx, userId);
      const newId = newOrganizationId();
      const slugs = wanted.slug ? [wanted.slug] : slugsFor(wanted.name, newId);
      for (const candidate of slugs) {
        const taken = await tryToFound(ctx, tx, newId, userId, { ...wanted, slug: candidate });
        if (!taken) return newId;
      }
      throw slugTaken();
    });
    const [organization] = await findOrganizations(tx, [id]);
    return organization;
  });
  if (!made) throw notFound('Organization');
  forgetLoaded(ctx);
  return made;
}

/** False when it worked, true when the slug was taken; the door is a savepoint, so nothing of a failure stays. */
async function tryToFound(ctx: Context, tx: Db, id: string, ownerId: string, description: Description): Promise<boolean> {
  try {
    await asTenant(tx, id, (own) => found(ctx, own, id, ownerId, description));
    return false;
  } catch (error) {
    if (isUniqueViolation(error, 'organizations_slug') || isSlugTaken(error)) return true;
    throw error;
  }
}

const isSlugTaken = (error: unknown): boolean =>
  error instanceof Error && 'extensions' in error && (error.extensions as { reason?: unknown }).reason === 'SLUG_TAKEN';

/** Changes the chosen organization's name or slug; the earlier slug is held for it. */
export async function changeOrganization(ctx: Context, input: unknown): Promise<Organization> {
  const { version, ...change } = parseInput(OrganizationChange, input);
  try {
    return await actInTenant(ctx, 'organizations.settings.write', async ({ tx, organization }) => {
      if (organization.version !== version) throw staleVersion(organization.version);
      const changed = await updateOrganization(tx, organization.id, { ...change, version: version + 1 });
      if (changed.slug !== organization.slug) {
        if (await isSlugHeld(tx, changed.slug, organization.id, ctx.now())) throw slugTaken();
        await holdSlug(tx, {
          slug: organization.slug,
          organizationId: organization.id,
          heldUntil: heldUntil(ctx.now()),
        });
      }
      const [settings] = await findSettings(tx, [organization.id]);
      if (settings) await tellDescription(ctx, tx, organizationUpdated, changed, settings);
      const details = changesOf(organization, changed, ['name', 'slug']);
      await record(ctx, tx, organization.id, { name: 'organization.updated', target: organization.id, details });
      return changed;
    });
  } catch (error) {
    throw isUniqueViolation(error, 'organizations_slug') ? slugTaken() : error;
  }
}

const wrongState = (message: string) => conflict(message, { reason: 'ORGANIZATION_STATE' });

/** Stops a tenant; the platform's administrators alone come here. */
export async function suspendOrganization(ctx: Context, input: unknown): Promise<Organization> {
  const { id, reason } = parseInput(Suspension, input);
  const suspended = await asTenant(ctx.db, id, async (tx) => {
    const organization = await lockOrganization(tx, id);
    if (!organization) throw notFound('Organization');
    if (organization.status !== 'ACTIVE') throw wrongState('the organization is not active');
    await tell(ctx, tx, organizationSuspended, { organizationId: id });
    await record(ctx, tx, id, { name: 'organization.suspended', target: id, details: { because: 'PLATFORM', reason: reason ?? null } });
    return updateOrganization(tx, id, { status: 'SUSPENDED', suspendedBecause: 'PLATFORM' });
  });
  ctx.log.info({ organizationId: id, reason: reason ?? null }, 'an organization was suspended');
  forgetLoaded(ctx);
  return suspended;
}

/** Lets a suspended tenant work again; the platform's administrators alone come here. */
export async function reinstateOrganization(ctx: Context, input: unknown): Promise<Organization> {
  const { id } = parseInput(z.strictObject({ id: idInput }), input);
  const reinstated = await asTenant(ctx.db, id, async (tx) => {
    const organization = await lockOrganization(tx, id);
    if (!organization) throw notFound('Organization');
    if (organization.status !== 'SUSPENDED') throw wrongState('the organization is not suspended');
    if ((await countOtherOwners(tx, id, null)) === 0) throw conflict('the organization has no active owner', { reason: 'LAST_OWNER' });
    await tell(ctx, tx, organizationReinstated, { organizationId: id });
    await record(ctx, tx, id, { name: 'organization.reinstated', target: id });
    return updateOrganization(tx, id, { status: 'ACTIVE', suspendedBecause: null });
  });
  forgetLoaded(ctx);
  return reinstated;
}
