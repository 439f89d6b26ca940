import type { Db } from '@supergraph/platform/database';
import { badInput } from '@supergraph/platform/errors';
import { findActiveMembers, findPeople } from '../store/index.ts';

/** Of these people, those who can take part in the chosen space: they exist and, in a tenant, are active members. */
export async function reachable(tx: Db, organizationId: string | null, userIds: readonly string[]): Promise<ReadonlySet<string>> {
  const known = (await findPeople(tx, userIds)).map(({ userId }) => userId);
  if (organizationId === null || known.length === 0) return new Set(known);
  return new Set(await findActiveMembers(tx, organizationId, known));
}

/** Throws BAD_USER_INPUT naming everybody who cannot take part; unknown and foreign people look the same. */
export async function requireReachable(tx: Db, organizationId: string | null, userIds: readonly string[]): Promise<void> {
  const fine = await reachable(tx, organizationId, userIds);
  const issues = userIds.flatMap((userId, index) =>
    fine.has(userId) ? [] : [{ path: `userIds.${index}`, message: 'is nobody who can take part here' }],
  );
  if (issues.length > 0) throw badInput(issues);
}
