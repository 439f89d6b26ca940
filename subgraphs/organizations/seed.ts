import { memberships, organizations, roles, settings } from '@supergraph/db/organizations/tables';
import { asTenant } from '@supergraph/platform/database';
import { seedId, seedTime } from '@supergraph/platform/seed';
import { memberAdded, organizationCreated } from '@supergraph/schema/events/organizations';
import { demoPeople, demoSellers } from '@supergraph/schema/demo';
import type { Context } from './context.ts';
import { builtInRoles, type BuiltInRole } from './permissions.ts';
import { tellActive, tellDescription } from './service/tell.ts';
import { hasOrganizations, type Settings } from './store/organizations.ts';

const keyOfMember = (position: number): BuiltInRole => (position === 0 ? 'OWNER' : position === 1 ? 'ADMIN' : 'MEMBER');
const titles: Readonly<Record<BuiltInRole, string>> = { OWNER: 'Founder', ADMIN: 'Operations', MEMBER: 'Customer care', GUEST: 'Adviser' };

/** The sample sellers with their people: the first owns, the second administers, the others work there. */
export async function seed(ctx: Context): Promise<void> {
  if (await hasOrganizations(ctx.db)) return;
  await ctx.db.transaction(async (tx) => {
    let membershipNumber = 0;
    for (const [index, seller] of demoSellers.entries()) {
      const number = index + 1;
      const people = seller.members.map((person, position) => ({
        person: demoPeople[person],
        key: keyOfMember(position),
        number: ++membershipNumber,
      }));
      await asTenant(tx, seller.id, async (own) => {
        const [organization] = await own
          .insert(organizations)
          .values({ id: seller.id, slug: seller.slug, name: seller.name, memberCount: people.length, createdAt: seedTime(number) })
          .returning();
        const made = await own
          .insert(roles)
          .values(
            builtInRoles.map((role, nth) => ({
              ...role,
              id: seedId('organization-role', number * 10 + nth),
              organizationId: seller.id,
              builtIn: true,
              createdAt: seedTime(number),
            })),
          )
          .returning();
        const roleOf = (key: BuiltInRole) => made.find((role) => role.key === key);
        const places: Pick<Settings, 'locale' | 'timeZone' | 'currency'> = {
          locale: 'en',
          timeZone: 'Europe/Berlin',
          currency: seller.currency,
        };
        const defaultRole = roleOf('MEMBER');
        if (!organization || !defaultRole) throw new Error('the sample organizations could not be written');
        await own.insert(settings).values({ ...places, organizationId: seller.id, defaultRoleId: defaultRole.id });
        await tellDescription(ctx, own, organizationCreated, organization, places);
        for (const { person, key, number: nth } of people) {
          const role = roleOf(key);
          if (!person || !role) throw new Error('the sample organizations name people who are not there');
          const [membership] = await own
            .insert(memberships)
            .values({
              id: seedId('membership', nth),
              organizationId: seller.id,
              userId: person.id,
              roleId: role.id,
              joinedBy: key === 'OWNER' ? 'CREATED' : 'INVITED',
              title: titles[key],
              joinedAt: seedTime(nth),
            })
            .returning();
          if (membership)
            await tellActive(ctx, own, memberAdded, { ...membership, role, guestsSeeMembers: false, teamIds: [] }, organization.epoch);
        }
      });
    }
  });
}
