import { heldHandles, passwords, users } from '@supergraph/db/accounts/tables';
import type { PlatformRole } from '@supergraph/platform/context';
import { seedId, seedTime } from '@supergraph/platform/seed';
import { demo, demoPeople } from '@supergraph/schema/demo';
import { count } from 'drizzle-orm';
import type { Context } from './context.ts';
import { hashPassword } from './service/passwords.ts';
import { tellRegistered } from './service/registration.ts';

const roles: Readonly<Record<number, PlatformRole[]>> = { 1: ['USER', 'ADMIN'], 2: ['USER', 'MODERATOR'] };
const places = [
  ['en-GB', 'Europe/London'],
  ['pt-PT', 'Europe/Lisbon'],
  ['it-IT', 'Europe/Rome'],
  ['de-DE', 'Europe/Berlin'],
] as const;
const bios = [
  'Reads more than the shelves can carry.',
  'Cooks for twelve, every Sunday.',
  'Walks the coast paths and writes them down.',
  'Repairs bicycles, and the occasional radio.',
  'Learns one language after the other, none of them well.',
  null,
] as const;

/** The sample people, all with the same password and a verified address; the second is an administrator, the third a moderator. */
export async function seed(ctx: Context): Promise<void> {
  // One hash for all: forty of them would take a second.
  const hash = await hashPassword(ctx, demo.password);
  await ctx.db.transaction(async (tx) => {
    const [known] = await tx.select({ total: count() }).from(users);
    if (known && known.total > 0) return;
    await tx
      .insert(heldHandles)
      .values([{ handle: 'admin' }, { handle: 'support' }, { handle: 'security' }])
      .onConflictDoNothing();
    const rows = demoPeople.map(({ id, handle, displayName, email }, index) => {
      const [locale, timeZone] = places[index % places.length] ?? places[0];
      return {
        id,
        handle,
        displayName,
        email,
        emailFold: email,
        locale,
        timeZone,
        bio: bios[index % bios.length] ?? null,
        roles: roles[index] ?? (['USER'] satisfies PlatformRole[]),
        createdAt: seedTime(index + 1),
      };
    });
    const made = await tx.insert(users).values(rows).returning();
    await tx
      .insert(passwords)
      .values(
        made.map(({ id, createdAt }, index) => ({ id: seedId('password', index + 1), userId: id, hash, createdAt, changedAt: createdAt })),
      );
    for (const user of made) await tellRegistered(ctx, tx, user);
  });
}
