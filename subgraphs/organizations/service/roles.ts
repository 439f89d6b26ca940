import { conflict, badInput, forbidden, isUniqueViolation, notFound, staleVersion } from '@supergraph/platform/errors';
import { hasPermission } from '@supergraph/platform/access';
import { idInput, nameText, optional, parseInput } from '@supergraph/platform/input';
import { roleDeleted, roleUpdated } from '@supergraph/schema/events/organizations';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { isPermission } from '../permissions.ts';
import { isOwner, missingToGrant, permissionsOf } from '../policy.ts';
import { type Organization, updateOrganization } from '../store/organizations.ts';
import {
  countRoles,
  deleteRole as deleteRoleRow,
  findRoleByKey,
  findRolesOf,
  insertRoles,
  isRoleInUse,
  replaceRole,
  type Role,
  updateRole,
} from '../store/roles.ts';
import { changesOf, record } from './audit.ts';
import { findOwnMember } from './members.ts';
import { tell } from './tell.ts';
import { type Act, actInTenant, requireGrantable, requireRole } from './tenant.ts';

const manage = 'organizations.role.manage';
const roleLimit = 500;
const key = z.string().regex(/^[A-Z][A-Z0-9_]{1,39}$/, 'must have 2 to 40 of A-Z, 0-9 and _, beginning with a letter');
const name = nameText({ max: 60 });
const permissions = z
  .array(z.string().refine(isPermission, 'is no permission'))
  .max(200, 'must be at most 200')
  .transform((keys) => [...new Set(keys)].toSorted());

const NewRole = z.strictObject({ key, name, permissions });
const RoleChange = z.strictObject({ id: idInput, version: z.int(), name: optional(name), permissions: optional(permissions) });
const RoleDeletion = z.strictObject({ id: idInput, replacementRoleId: optional(idInput) });

/** A role that the viewer may see: of a tenant of theirs, or of the chosen one. */
export async function findRole(ctx: Context, id: string): Promise<Role | null> {
  return ctx.viewer && idInput.safeParse(id).success ? ctx.loaders.roleById.load(id) : null;
}

/** The role that something else refers to. */
export async function requireKnownRole(ctx: Context, id: string): Promise<Role> {
  const role = await findRole(ctx, id);
  if (!role) throw notFound('Role');
  return role;
}

/** All roles of a tenant; null unless the viewer is an active member. */
export async function rolesOf(ctx: Context, { id }: Organization): Promise<readonly Role[] | null> {
  const own = await findOwnMember(ctx, id);
  return own?.status === 'ACTIVE' ? ctx.loaders.rolesByOrganization.load(id) : null;
}

/** How many live members have a role of the chosen tenant; null where the viewer may not see members. */
export async function memberCountOfRole(ctx: Context, { id, organizationId }: Role): Promise<number | null> {
  if (ctx.organization?.id !== organizationId || !hasPermission(ctx, 'organizations.member.read')) return null;
  return (await ctx.loaders.memberCountByRole.load(id))?.total ?? 0;
}

/** Whether the viewer may put a permission into a role of the chosen tenant: nobody gives what they do not hold. */
export const isAssignable = (ctx: Context, permission: string): boolean => hasPermission(ctx, manage) && hasPermission(ctx, permission);

function requireHeld({ actor }: Act, wanted: readonly string[]): void {
  const missing = missingToGrant(actor, wanted);
  if (missing.length > 0) throw forbidden('you cannot give what you do not hold', { reason: 'GRANT_EXCEEDS_OWN', permissions: missing });
}

async function requireCustomRole({ tx, organization }: Act, id: string): Promise<Role> {
  const [role] = await findRolesOf(tx, organization.id, [id]);
  if (!role) throw notFound('Role');
  if (role.builtIn) throw forbidden('built-in roles stay as they are', { reason: 'BUILT_IN_ROLE' });
  return role;
}

/** Makes a role of the chosen tenant. */
export async function createRole(ctx: Context, input: unknown): Promise<Role> {
  const wanted = parseInput(NewRole, input);
  try {
    return await actInTenant(ctx, manage, async (act) => {
      requireHeld(act, wanted.permissions);
      if ((await countRoles(act.tx, act.organization.id)) >= roleLimit)
        throw conflict(`an organization has at most ${roleLimit} roles`, {
          reason: 'QUOTA_EXCEEDED',
          quota: 'organizations.roles',
          limit: roleLimit,
        });
      const [role] = await insertRoles(act.tx, [{ ...wanted, organizationId: act.organization.id, createdAt: ctx.now() }]);
      if (!role) throw new Error('the insert gave no row back');
      await record(ctx, act.tx, act.organization.id, { name: 'role.created', target: role.id, details: wanted });
      return role;
    });
  } catch (error) {
    throw isUniqueViolation(error, 'roles_key')
      ? conflict('the organization has a role with this key', { reason: 'ROLE_KEY_TAKEN' })
      : error;
  }
}

/** Changes a custom role; all its members have the change at once, without a row of theirs being touched. */
export async function changeRole(ctx: Context, input: unknown): Promise<Role> {
  const { id, version, ...change } = parseInput(RoleChange, input);
  return actInTenant(ctx, manage, async (act) => {
    const role = await requireCustomRole(act, id);
    if (role.version !== version) throw staleVersion(role.version);
    requireHeld(
      act,
      (change.permissions ?? []).filter((permission) => !role.permissions.includes(permission)),
    );
    const changed = await updateRole(act.tx, role, change);
    if (!changed) throw staleVersion(role.version + 1);
    const { epoch } = await updateOrganization(act.tx, act.organization.id);
    await tell(ctx, act.tx, roleUpdated, {
      organizationId: act.organization.id,
      roleId: id,
      key: changed.key,
      permissions: changed.permissions,
      epoch,
    });
    const details = { key: role.key, ...changesOf(role, changed, ['name', 'permissions']) };
    await record(ctx, act.tx, act.organization.id, { name: 'role.updated', target: id, details });
    return changed;
  });
}

/** Deletes a custom role of the chosen tenant; whoever had it gets the replacement. */
export async function deleteRole(ctx: Context, input: unknown): Promise<string> {
  const { id, replacementRoleId } = parseInput(RoleDeletion, input);
  return actInTenant(ctx, manage, async (act) => {
    const { tx, organization } = act;
    const role = await requireCustomRole(act, id);
    const replacement = await chooseReplacement(act, role, replacementRoleId);
    await replaceRole(tx, role, replacement.id);
    await deleteRoleRow(tx, role);
    const { epoch } = await updateOrganization(tx, organization.id);
    const given = { replacementKey: replacement.key, permissions: [...permissionsOf(replacement)] };
    await tell(ctx, tx, roleDeleted, { organizationId: organization.id, roleId: id, key: role.key, epoch, ...given });
    const details = { key: role.key, permissions: role.permissions, replacementKey: replacement.key };
    await record(ctx, tx, organization.id, { name: 'role.deleted', target: id, details });
    return id;
  });
}

async function chooseReplacement(act: Act, role: Role, replacementRoleId: string | undefined): Promise<Role> {
  if (replacementRoleId === role.id) throw badInput([{ path: 'replacementRoleId', message: 'must be another role' }]);
  if (replacementRoleId) {
    const replacement = await requireRole(act, replacementRoleId, 'replacementRoleId');
    // It also becomes what newcomers get, and owners are made one by one.
    if (isOwner({ role: replacement })) throw badInput([{ path: 'replacementRoleId', message: 'must not be the role of owners' }]);
    requireGrantable(act, replacement);
    return replacement;
  }
  if (await isRoleInUse(act.tx, role))
    throw conflict('members or invitations have this role; name a replacement', { reason: 'ROLE_IN_USE' });
  // Ended memberships and answered invitations keep a role for the record.
  const guest = await findRoleByKey(act.tx, act.organization.id, 'GUEST');
  if (!guest) throw new Error('an organization lacks its built-in roles');
  return guest;
}
