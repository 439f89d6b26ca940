import { is, sql, type SQL } from 'drizzle-orm';
import { PgTransaction } from 'drizzle-orm/pg-core';
import type { Db } from './database.ts';

/** A row of a tenant was asked for without a tenant being chosen. */
export class NoTenantChosen extends Error {
  override readonly name = 'NoTenantChosen';
  constructor() {
    super('no organization is chosen; mend: send X-Organization-Id, or use asTenant with the id that an event names');
  }
}

interface Scope {
  readonly db: Db;
  readonly organization: { readonly id: string; readonly confined?: boolean } | null;
  readonly viewer: { readonly userId: string } | null;
}
type Work<Result> = (tx: Db) => Promise<Result>;

/** Opens a transaction in which the rows of the chosen tenant (and of the viewer) can be seen; throws NoTenantChosen. */
export async function inTenant<Result>(scope: Scope, work: Work<Result>): Promise<Result> {
  if (!scope.organization) throw new NoTenantChosen();
  return inScope(scope, work);
}

/** Opens a transaction in which the rows of one tenant, and of no person, can be seen; for consumers and workers. */
export function asTenant<Result>(db: Db, organizationId: string, work: Work<Result>): Promise<Result> {
  return openDoor(db, { organizationId, userId: '', confined: false }, work);
}

/** Opens a transaction in which the rows of one person, and of no tenant, can be seen. */
export function asPerson<Result>(db: Db, userId: string, work: Work<Result>): Promise<Result> {
  return openDoor(db, { organizationId: '', userId, confined: false }, work);
}

/** Opens a transaction with whatever the scope has of tenant and person; without either only open rows can be seen. */
export function inScope<Result>(scope: Scope, work: Work<Result>): Promise<Result> {
  const { id = '', confined = false } = scope.organization ?? {};
  return openDoor(scope.db, { organizationId: id, userId: scope.viewer?.userId ?? '', confined }, work);
}

/** Whose rows a transaction sees; an empty id means nobody's. */
interface Door {
  readonly organizationId: string;
  readonly userId: string;
  /** Rows of no tenant are out of reach. */
  readonly confined: boolean;
}

/** What stands open in transactions that were opened here, so that the server is not asked and not told twice. */
const doorOf = new WeakMap<Db, Door>();
/** Transactions inside which a door is open: two at once would share one connection, and so one tenant. */
const behindDoor = new WeakSet<Db>();

/**
 * Settings last as long as the outermost transaction. A door inside a transaction is a savepoint: when it fails the
 * server itself puts the settings back, when it succeeds they are put back here, so the outer scope sees what it saw.
 */
async function openDoor<Result>(db: Db, door: Door, work: Work<Result>): Promise<Result> {
  if (!is(db, PgTransaction)) {
    return db.transaction(async (tx) => {
      await tx.execute(setting(door));
      doorOf.set(tx, door);
      return work(tx);
    });
  }
  if (behindDoor.has(db)) {
    throw new Error('two scopes were opened in one transaction at the same time; mend: await the first before the second');
  }
  behindDoor.add(db);
  try {
    const before = doorOf.get(db) ?? (await readDoor(db));
    const isOpen = before.organizationId === door.organizationId && before.userId === door.userId && before.confined === door.confined;
    const result = await db.transaction(async (tx) => {
      if (!isOpen) await tx.execute(setting(door));
      doorOf.set(tx, door);
      return work(tx);
    });
    if (!isOpen) await db.execute(setting(before));
    return result;
  } finally {
    behindDoor.delete(db);
  }
}

/** What stands open in a transaction that was begun elsewhere. */
async function readDoor(tx: Db): Promise<Door> {
  const [row] = await tx.execute<{ organizationId: string | null; userId: string | null; confined: string | null }>(
    sql`select current_setting('app.organization_id', true) as "organizationId", current_setting('app.user_id', true) as "userId", current_setting('app.confined', true) as confined`,
  );
  return { organizationId: row?.organizationId ?? '', userId: row?.userId ?? '', confined: Boolean(row?.confined) };
}

const settingsOf = ({ organizationId, userId, confined }: Door) => ({
  organizationId: sql`set_config('app.organization_id', ${organizationId}, true)`,
  userId: sql`set_config('app.user_id', ${userId}, true)`,
  confined: sql`set_config('app.confined', ${confined ? 'on' : ''}, true)`,
});
function setting(door: Door): SQL {
  const { organizationId, userId, confined } = settingsOf(door);
  return sql`select ${organizationId}, ${userId}, ${confined}`;
}

/**
 * For a statement of `tx` that opens the tenant's door by the way, which saves a journey to the database: what it is
 * to return. `noteOpened` must follow when it has run.
 */
export function openingTenant(
  tx: Db,
  organizationId: string | null,
): { readonly settings: Record<'organizationId' | 'userId' | 'confined', SQL>; readonly noteOpened: () => void } {
  const door = { organizationId: organizationId ?? '', userId: '', confined: false };
  return { settings: settingsOf(door), noteOpened: () => void doorOf.set(tx, door) };
}
