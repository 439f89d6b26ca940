import { requireViewer } from '@supergraph/platform/context';
import { badInput, notFound, staleVersion, unauthenticated } from '@supergraph/platform/errors';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { canStepUp } from '@supergraph/platform/step-up';
import { organizationSettingsUpdated, organizationUpdated } from '@supergraph/schema/events/organizations';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { findSettings, type Organization, type Settings, updateOrganization, updateSettings } from '../store/organizations.ts';
import { changesOf, record } from './audit.ts';
import { currencyInput, localeInput, timeZoneInput } from './inputs.ts';
import { tell, tellDescription } from './tell.ts';
import { type Act, actInTenant, requireGrantable, requireRole } from './tenant.ts';

const mailDomain = z
  .string()
  .transform((value) => value.trim().toLowerCase())
  .refine((value) => value.length <= 253 && /^(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}$/.test(value), 'must be a mail domain such as example.com');

const SettingsChange = z.strictObject({
  version: z.int(),
  requireMfa: optional(z.boolean()),
  defaultRoleId: optional(idInput),
  invitationDays: optional(z.int().min(1, 'must be between 1 and 30').max(30, 'must be between 1 and 30')),
  guestsSeeMembers: optional(z.boolean()),
  allowedInviteDomains: optional(z.array(mailDomain).max(50, 'must be at most 50')),
  locale: optional(localeInput),
  timeZone: optional(timeZoneInput),
  currency: optional(currencyInput),
  weekStartsOn: optional(z.int().min(1, 'must be between 1 and 7').max(7, 'must be between 1 and 7')),
});

/** The settings of the chosen tenant; null for another one. */
export async function settingsOf(ctx: Context, { id }: Organization): Promise<Settings | null> {
  return ctx.organization?.id === id ? ctx.loaders.settingsByOrganization.load(id) : null;
}

async function requireDefaultRole(act: Act, roleId: string): Promise<void> {
  const role = await requireRole(act, roleId, 'defaultRoleId');
  if (role.builtIn && role.key === 'OWNER') throw badInput([{ path: 'defaultRoleId', message: 'must not be the role of owners' }]);
  requireGrantable(act, role);
}

/** Changes settings of the chosen tenant. */
export async function changeSettings(ctx: Context, input: unknown): Promise<Settings> {
  const { version, ...change } = parseInput(SettingsChange, input);
  const viewer = requireViewer(ctx);
  return actInTenant(ctx, 'organizations.settings.write', async (act) => {
    const { tx, organization } = act;
    const [before] = await findSettings(tx, [organization.id]);
    if (!before) throw notFound('Settings');
    if (before.version !== version) throw staleVersion(before.version);
    if (change.requireMfa && !before.requireMfa && !(canStepUp(viewer) && viewer.acr === 'aal2'))
      throw unauthenticated('prove a second factor before you ask it of everybody', { reason: 'STEP_UP_REQUIRED' });
    if (change.defaultRoleId && change.defaultRoleId !== before.defaultRoleId) await requireDefaultRole(act, change.defaultRoleId);
    const after = await updateSettings(tx, organization.id, version, change);
    if (!after) throw staleVersion(before.version + 1);
    await tellDescription(ctx, tx, organizationUpdated, await updateOrganization(tx, organization.id), after);
    const { organizationId, ...told } = after;
    await tell(ctx, tx, organizationSettingsUpdated, { organizationId, settings: told });
    const details = changesOf(before, after, Object.keys(change) as (keyof typeof change)[]);
    await record(ctx, tx, organization.id, { name: 'settings.updated', target: organization.id, details });
    return after;
  });
}
