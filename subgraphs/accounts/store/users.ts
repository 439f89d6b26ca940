import { heldHandles, passwords, users } from '@supergraph/db/accounts/tables';
import type { PlatformRole } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, asc, count, eq, gte, gt, inArray, isNull, like, lt, lte, ne, or, type SQL, sql } from 'drizzle-orm';

export type User = typeof users.$inferSelect;
export type Password = typeof passwords.$inferSelect;
export type UserChanges = Partial<Omit<typeof users.$inferInsert, 'id' | 'version'>>;

export interface UserWishes {
  readonly search?: string | undefined;
  readonly email?: string | undefined;
  readonly status?: User['status'] | undefined;
  readonly role?: PlatformRole | undefined;
  readonly kind?: User['kind'] | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly erasedToo: boolean;
}
export type UserOrdering = { readonly field: 'HANDLE' | 'CREATED_AT'; readonly direction: 'ASC' | 'DESC' };

/** Addresses and handles compare case-folded. */
export const fold = (text: string): string => text.normalize('NFC').trim().toLowerCase();

/** Accounts by id, in any order; unknown ids are left out. */
export const findUsers = (db: Db, ids: readonly string[]): Promise<User[]> =>
  db
    .select()
    .from(users)
    .where(inArray(users.id, [...ids]));

/** An account, locked until the transaction ends, so that what was checked of it stays true; null when it is unknown. */
export async function lockUser(tx: Db, id: string): Promise<User | null> {
  const [user] = await tx.select().from(users).where(eq(users.id, id)).for('update');
  return user ?? null;
}

/** The account of a handle, or null. */
export async function findUserByHandle(db: Db, handle: string): Promise<User | null> {
  const [user] = await db
    .select()
    .from(users)
    .where(eq(users.handle, fold(handle)));
  return user ?? null;
}

/** The account that verified an address, or null. */
export async function findUserByEmail(db: Db, email: string): Promise<User | null> {
  const [user] = await db
    .select()
    .from(users)
    .where(eq(users.emailFold, fold(email)));
  return user ?? null;
}

const escaped = (text: string) => text.replace(/[\\%_]/g, (character) => `\\${character}`);

/** The role stands in the statement itself: an index of the few who hold it is only used where it is seen there. */
const holds: Readonly<Record<PlatformRole, SQL>> = {
  USER: sql`'USER' = any(${users.roles})`,
  MODERATOR: sql`'MODERATOR' = any(${users.roles})`,
  ADMIN: sql`'ADMIN' = any(${users.roles})`,
};

function wished(wishes: UserWishes): SQL | undefined {
  return and(
    wishes.search === undefined ? undefined : like(users.searchText, `%${escaped(wishes.search.toLowerCase())}%`),
    wishes.email === undefined ? undefined : eq(users.emailFold, fold(wishes.email)),
    wishes.status === undefined ? undefined : eq(users.status, wishes.status),
    wishes.role === undefined ? undefined : holds[wishes.role],
    wishes.kind === undefined ? undefined : eq(users.kind, wishes.kind),
    wishes.from === undefined ? undefined : gte(users.createdAt, wishes.from),
    wishes.to === undefined ? undefined : lt(users.createdAt, wishes.to),
    wishes.erasedToo ? undefined : ne(users.status, 'ERASED'),
  );
}

/** A page of accounts. */
export function listUsers(db: Db, page: Page, wishes: UserWishes, { field, direction }: UserOrdering): Promise<User[]> {
  const keys =
    field === 'HANDLE'
      ? ([{ column: users.handle, direction, type: 'text' }] as const)
      : ([
          { column: users.createdAt, direction, type: 'timestamptz' },
          { column: users.id, direction, type: 'uuid' },
        ] as const);
  const { where, orderBy } = keyset(page, keys);
  return db
    .select()
    .from(users)
    .where(and(wished(wishes), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many accounts fit. */
export async function countUsers(db: Db, wishes: UserWishes): Promise<number> {
  const [row] = await db.select({ total: count() }).from(users).where(wished(wishes));
  return row?.total ?? 0;
}

/** Inserts an account; a taken handle or address is a unique violation. */
export async function insertUser(db: Db, values: typeof users.$inferInsert): Promise<User> {
  const [user] = await db.insert(users).values(values).returning();
  if (!user) throw new Error('the insert gave no row back');
  return user;
}

/** Changes a profile if its version is still the one that was read. */
export async function updateProfile(db: Db, id: string, version: number, changes: UserChanges): Promise<User | null> {
  const [user] = await db
    .update(users)
    .set({ ...changes, version: sql`${users.version} + 1` })
    .where(and(eq(users.id, id), eq(users.version, version), inArray(users.status, ['ACTIVE', 'DELETION_SCHEDULED'])))
    .returning();
  return user ?? null;
}

/** Moves an account from one status to another; null when it is not in the first. */
export async function updateStatus(db: Db, id: string, from: User['status'], changes: UserChanges, dueBy?: Date): Promise<User | null> {
  const [user] = await db
    .update(users)
    .set(changes)
    .where(and(eq(users.id, id), eq(users.status, from), dueBy ? lte(users.erasesAt, dueBy) : undefined))
    .returning();
  return user ?? null;
}

/** Sets a person's roles; null when there is no such account or it is erased. */
export async function updateRoles(db: Db, id: string, roles: PlatformRole[]): Promise<User | null> {
  const [user] = await db
    .update(users)
    .set({ roles })
    .where(and(eq(users.id, id), ne(users.status, 'ERASED')))
    .returning();
  return user ?? null;
}

/** The ids of all active administrators, locked until the transaction ends, so that two changes cannot both leave one. */
export async function lockAdmins(db: Db): Promise<string[]> {
  const rows = await db
    .select({ id: users.id })
    .from(users)
    .where(and(holds.ADMIN, eq(users.status, 'ACTIVE')))
    .orderBy(asc(users.id))
    .for('update');
  return rows.map(({ id }) => id);
}

/** Accounts whose time to think again is over. */
export async function findErasable(db: Db, now: Date, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.status, 'DELETION_SCHEDULED'), lte(users.erasesAt, now)))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** The service accounts of an organization that are in use. */
export const findServiceAccounts = (db: Db, organizationId: string): Promise<User[]> =>
  db
    .select()
    .from(users)
    .where(and(eq(users.organizationId, organizationId), eq(users.kind, 'SERVICE'), ne(users.status, 'ERASED')));

/** Whether somebody else gave this handle up and it is still held. */
export async function isHeld(db: Db, handle: string, forUserId: string | null, now: Date): Promise<boolean> {
  const [held] = await db
    .select({ handle: heldHandles.handle, userId: heldHandles.userId })
    .from(heldHandles)
    .where(and(eq(heldHandles.handle, handle), or(isNull(heldHandles.until), gt(heldHandles.until, now))));
  return held !== undefined && (held.userId === null || held.userId !== forUserId);
}

/** Keeps a given-up handle from others, until a time or for ever. */
export async function holdHandle(db: Db, handle: string, userId: string | null, until: Date | null): Promise<void> {
  await db.insert(heldHandles).values({ handle, userId, until }).onConflictDoUpdate({ target: heldHandles.handle, set: { userId, until } });
}

/** Makes a person's held handles nobody's. */
export async function orphanHeldHandles(db: Db, userId: string): Promise<void> {
  await db.update(heldHandles).set({ userId: null }).where(eq(heldHandles.userId, userId));
}

/** Passwords by their account, in any order. */
export const findPasswords = (db: Db, userIds: readonly string[]): Promise<Password[]> =>
  db
    .select()
    .from(passwords)
    .where(inArray(passwords.userId, [...userIds]));

/** Sets an account's password, its first one too. */
export async function setPassword(db: Db, userId: string, hash: string, now: Date): Promise<void> {
  await db
    .insert(passwords)
    .values({ userId, hash, createdAt: now, changedAt: now })
    .onConflictDoUpdate({ target: passwords.userId, set: { hash, changedAt: now } });
}

/** Notes that a password was proved; with `hash`, upgrades its hash. False when it is another one by now. */
export async function touchPassword(db: Db, id: string, previousHash: string, now: Date, hash?: string): Promise<boolean> {
  const touched = await db
    .update(passwords)
    .set({ lastUsedAt: now, ...(hash ? { hash } : {}) })
    .where(and(eq(passwords.id, id), eq(passwords.hash, previousHash)))
    .returning({ id: passwords.id });
  return touched.length > 0;
}

/** Takes an account's password away. */
export async function deletePassword(db: Db, userId: string): Promise<void> {
  await db.delete(passwords).where(eq(passwords.userId, userId));
}
