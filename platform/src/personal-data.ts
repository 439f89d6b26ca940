import { type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { parse } from 'graphql';
import { z } from 'zod';
import type { deadLetterTable, idempotencyTable, OutboxTable } from './columns.ts';
import type { RequestContext } from './context.ts';
import { asPerson, type Db } from './database.ts';
import { type ErasureEvents, runEraser, type RunningEraser } from './erasure.ts';
import { notFound } from './errors.ts';
import { parseInput } from './input.ts';
import { deleteAtMost } from './tenant-erasure.ts';

/** What is told about the data that domains hold of people. */
export type PersonalDataEvents = ErasureEvents<{ userId: string }>;

/** What a page of a holding is read with. `tx` has the person's door open, and no tenant's. */
export interface Reading<L = never> {
  readonly ctx: RequestContext<L>;
  readonly tx: Db;
  readonly userId: string;
  /** The key of the last row that was read, or null for the first page; for `behind`. */
  readonly after: readonly string[] | null;
  /** How many rows at most. */
  readonly limit: number;
}

/** One collection of what a domain holds of a person, as it is given to them. */
export interface Holding {
  /** In kebab-case, unique in the domain: the name of the file that the person gets. */
  readonly name: string;
  /** For the person: what it is, and why it is kept. */
  readonly description: string;
  readonly page: (reading: Reading) => Promise<PersonalPage>;
}

/** Plain JSON rows, and where the next page begins; null when this was the last. */
export interface PersonalPage {
  readonly rows: readonly unknown[];
  readonly next: string | null;
}

/** A column that holds ids of people, and what becomes of them at an erasure. */
export interface PersonColumn {
  readonly column: PgColumn;
  /** Why the id stays when the person is erased; null when it goes. */
  readonly stays: string | null;
}

/** What a domain holds of people. */
export interface PersonalData {
  readonly events: PersonalDataEvents;
  readonly columns: readonly PersonColumn[];
  readonly holdings: readonly Holding[];
  /**
   * Erases about so many rows of what is held of a person, and says whether some may be left. Each call is a transaction
   * of its own with the person's door open; it is called until nothing is left, and again from the beginning after a crash.
   */
  readonly erase: (ctx: RequestContext<never>, tx: Db, userId: string, most: number) => Promise<boolean>;
}

/** Declares what a domain holds of people; consumers, worker and answers are done for it. Domains with nothing to erase by themselves leave `erase` out. */
export const definePersonalData = <L>(
  definition: Omit<PersonalData, 'erase'> & {
    erase?: (ctx: RequestContext<L>, tx: Db, userId: string, most: number) => Promise<boolean>;
  },
): PersonalData => ({ erase: () => Promise.resolve(false), ...definition });

/** Columns whose ids are gone after an erasure, be it with their rows. */
export const goes = (...columns: readonly PgColumn[]): PersonColumn[] => columns.map((column) => ({ column, stays: null }));

/** Columns whose ids stay after an erasure, and why: they lead to nobody any more. */
export const stays = (why: string, ...columns: readonly PgColumn[]): PersonColumn[] => columns.map((column) => ({ column, stays: why }));

/**
 * Declares a collection. `read` gives at most `limit` rows behind `after`, in the order of `key`; `show` makes of a row
 * what the person gets: nothing of other people, no secret and no hash of one.
 */
export const holding = <Row extends object, L = never>(declared: {
  readonly name: string;
  readonly description: string;
  readonly read: (reading: Reading<L>) => Promise<readonly Row[]>;
  readonly key: (row: Row) => readonly (string | number)[];
  readonly show?: (row: Row, userId: string) => unknown;
}): Holding => ({
  name: declared.name,
  description: declared.description,
  async page(reading) {
    const rows = await declared.read(reading);
    const last = rows.length < reading.limit ? undefined : rows.at(-1);
    return {
      rows: rows.map((row) => toPlain(declared.show ? declared.show(row, reading.userId) : row)),
      next: last === undefined ? null : JSON.stringify(declared.key(last).map(String)),
    };
  },
});

/** The condition that a row stands behind a key, in ascending order of these columns. */
export const behind = (columns: readonly PgColumn[], after: readonly string[] | null): SQL | undefined =>
  after === null ? undefined : sql`(${list(columns)}) > (${list(after)})`;

const list = (parts: readonly unknown[]): SQL =>
  sql.join(
    parts.map((part) => sql`${part}`),
    sql`, `,
  );

const toPlain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))) as unknown;

const erasedAtOnce = 1_000;

interface Rooms {
  readonly outbox: OutboxTable;
  readonly deadLetters: ReturnType<typeof deadLetterTable>;
  readonly idempotency?: ReturnType<typeof idempotencyTable>;
}

/** The consumers and the worker of a domain that holds data of people. */
export const personEraser = (domain: string, { events, erase }: PersonalData, rooms: Rooms): RunningEraser =>
  runEraser(domain, rooms.outbox, {
    events,
    name: 'erase-person',
    subject: z.object({ userId: z.uuid() }),
    idOf: ({ userId }) => userId,
    organizationOf: () => null,
    step: (ctx, { userId }) =>
      asPerson(
        ctx.db,
        userId,
        async (tx) => (await erase(ctx, tx, userId, erasedAtOnce)) || (await eraseLeftovers(tx, rooms, userId, erasedAtOnce)),
      ),
  });

/** What the platform itself keeps of a person in a domain: answers to their mutations, and events about them that were set aside. */
async function eraseLeftovers(tx: Db, { idempotency, deadLetters }: Rooms, userId: string, most: number): Promise<boolean> {
  if (idempotency && (await deleteAtMost(tx, idempotency.scope, userId, most)) === most) return true;
  const setAside = await tx.execute(
    sql`delete from ${deadLetters} where ctid = any(array(select ctid from ${deadLetters} where ${deadLetters.envelope} ->> 'key' = ${userId} limit ${most})) returning 1`,
  );
  return setAside.length === most;
}

// ——— How other domains ask ———

/** The most rows that a page may have. */
export const largestPage = 500;

/** Root fields that every domain with personal data has beside its own SDL: for other domains alone, and not part of the supergraph. */
const typeDefs = parse(/* GraphQL */ `
  extend type Query {
    "The collections of what this domain holds of people: objects of \`name\` and \`description\`."
    _personalHoldings: JSON! @shareable @inaccessible @tag(name: "internal")
    "A page of what this domain holds of a person: an object of \`rows\` and \`next\`. Unknown holdings are NOT_FOUND."
    _personalData(
      "Whose data."
      userId: ID!
      "The name of the collection."
      holding: String!
      "What the page before gave as \`next\`."
      after: String
      "1 to 500."
      limit: Int!
    ): JSON! @shareable @inaccessible @tag(name: "internal")
  }
`);

const Key = z.array(z.string());
const Page = z.object({
  userId: z.uuid(),
  holding: z.string(),
  after: z
    .string()
    .nullish()
    .transform((text) => (text ? Key.parse(JSON.parse(text)) : null)),
  limit: z.int().min(1).max(largestPage),
});

/** The module of a domain's schema by which others ask for personal data. */
export const personalFields = ({ holdings }: PersonalData) => ({
  typeDefs,
  resolvers: {
    Query: {
      _personalHoldings: () => holdings.map(({ name, description }) => ({ name, description })),
      _personalData: (_source: unknown, args: unknown, ctx: RequestContext<never>) => pageOf(holdings, args, ctx),
    },
  } as never,
});

function pageOf(holdings: readonly Holding[], args: unknown, ctx: RequestContext<never>): Promise<PersonalPage> {
  const { userId, holding: name, after, limit } = parseInput(Page, args);
  const found = holdings.find((each) => each.name === name);
  if (!found) throw notFound('Holding');
  return asPerson(ctx.db, userId, (tx) => found.page({ ctx, tx, userId, after, limit }));
}
