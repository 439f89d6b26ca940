import { createHmac, timingSafeEqual } from 'node:crypto';
import { type AnyColumn, type SQL, sql } from 'drizzle-orm';
import type { RuntimeSettings } from './config.ts';
import { badInput, type Issue } from './errors.ts';
import { hashOf } from './idempotency.ts';

/** The arguments of every connection. */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

type KeyValue = string | number | boolean | null;

/** What part of an ordered list is wanted. */
export interface Page {
  readonly size: number;
  /** Read from the end: the query runs in the opposite order, `toConnection` turns the rows round. */
  readonly backward: boolean;
  /** Key values of the row to begin behind. */
  readonly position: readonly KeyValue[] | null;
  readonly scope: string;
}

export interface Edge<Node> {
  readonly cursor: string;
  readonly node: Node;
}

/** A page as the graph shows it; `totalCount` is computed only when asked for. */
export interface Connection<Node> {
  readonly edges: readonly Edge<Node>[];
  readonly nodes: readonly Node[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly totalCount?: (() => Promise<number>) | undefined;
}

type CursorContext = { readonly settings: Pick<RuntimeSettings, 'internalKey'> };

export const defaultPageSize = 20;
export const largestPageSize = 100;

/**
 * Reads a connection's arguments. `scope` is what the cursors belong to (list, order, direction, filter): a cursor of
 * another scope is refused. Throws BAD_USER_INPUT with every bad argument.
 */
export function readPage(ctx: CursorContext, args: PageArguments, scope: unknown): Page {
  // Needed only where a cursor comes or goes, and most lists hang from rows of another one.
  let hash: string | undefined;
  const scopeHash = () => (hash ??= hashOf(scope).slice(0, 12));
  const backward = args.last != null || (args.before != null && args.first == null);
  const cursor = (backward ? args.before : args.after) ?? null;
  const position = cursor === null ? null : openCursor(ctx, cursor, scopeHash());
  const issues = pageIssues(args, backward);
  if (position === undefined)
    issues.push({ path: backward ? 'before' : 'after', message: 'is no cursor of this list, order and filter; begin without it' });
  if (issues.length > 0) throw badInput(issues);
  return {
    size: (backward ? args.last : args.first) ?? defaultPageSize,
    backward,
    position: position ?? null,
    get scope() {
      return scopeHash();
    },
  };
}

function pageIssues(args: PageArguments, backward: boolean): Issue[] {
  const issues: Issue[] = [];
  for (const name of ['first', 'last'] as const) {
    const size = args[name];
    if (size != null && (size < 1 || size > largestPageSize))
      issues.push({ path: name, message: `must be between 1 and ${largestPageSize}` });
  }
  if (args.first != null && args.last != null) issues.push({ path: 'last', message: 'cannot be combined with first' });
  if (backward && args.after != null) issues.push({ path: 'after', message: 'cannot be combined with last or before' });
  if (!backward && args.before != null) issues.push({ path: 'before', message: 'cannot be combined with first' });
  return issues;
}

const sign = (ctx: CursorContext, text: string) =>
  createHmac('sha256', `cursor:${ctx.settings.internalKey}`).update(text).digest().subarray(0, 12);

/** A signed cursor for a row's key values. */
export function makeCursor(ctx: CursorContext, scope: string, values: readonly KeyValue[]): string {
  const text = JSON.stringify([scope, ...values]);
  return Buffer.concat([sign(ctx, text), Buffer.from(text)]).toString('base64url');
}

/** The key values inside a cursor, or undefined when it is not ours or of another scope. */
export function openCursor(ctx: CursorContext, cursor: string, scope: string): readonly KeyValue[] | undefined {
  if (cursor.length > 2_000) return undefined;
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.subarray(12).toString();
  if (bytes.length < 16 || !timingSafeEqual(bytes.subarray(0, 12), sign(ctx, text))) return undefined;
  const [itsScope, ...values] = JSON.parse(text) as [string, ...KeyValue[]];
  return itsScope === scope ? values : undefined;
}

/** One column of a list's order. The last one must be unique. */
export interface KeyPart {
  readonly column: AnyColumn | SQL;
  readonly direction: 'ASC' | 'DESC';
  /** The SQL type that a cursor's value is cast to. */
  readonly type: 'uuid' | 'text' | 'bigint' | 'numeric' | 'timestamptz' | 'double precision' | 'boolean';
  /** Nulls come last in both directions. */
  readonly nullable?: boolean;
}

const typed = (value: KeyValue, type: KeyPart['type']): SQL => {
  const casts: Record<KeyPart['type'], SQL> = {
    uuid: sql`${value}::uuid`,
    text: sql`${value}::text`,
    bigint: sql`${value}::bigint`,
    numeric: sql`${value}::numeric`,
    timestamptz: sql`${value}::timestamptz`,
    'double precision': sql`${value}::double precision`,
    boolean: sql`${value}::boolean`,
  };
  return casts[type];
};

/** ORDER BY terms and the WHERE condition of a keyset page. Fetch `page.size + 1` rows, so that a following page is noticed. */
export function keyset(page: Page, parts: readonly KeyPart[]): { readonly where: SQL | undefined; readonly orderBy: SQL[] } {
  const ascending = (part: KeyPart) => (part.direction === 'ASC') !== page.backward;
  const orderBy = parts.map((part) => {
    const order = ascending(part) ? sql`${part.column} asc` : sql`${part.column} desc`;
    if (!part.nullable) return order;
    return page.backward ? sql`${order} nulls first` : sql`${order} nulls last`;
  });
  return { where: page.position ? behind(page, parts, page.position, ascending) : undefined, orderBy };
}

function behind(page: Page, parts: readonly KeyPart[], position: readonly KeyValue[], ascending: (part: KeyPart) => boolean): SQL {
  const directions = new Set(parts.map(ascending));
  if (directions.size === 1 && !parts.some((part) => part.nullable)) {
    // A row comparison is one index range; the expanded form below is not always.
    const columns = sql.join(
      parts.map(({ column }) => sql`${column}`),
      sql`, `,
    );
    const values = sql.join(
      parts.map(({ type }, index) => typed(position[index] ?? null, type)),
      sql`, `,
    );
    return directions.has(true) ? sql`(${columns}) > (${values})` : sql`(${columns}) < (${values})`;
  }
  const alternatives = parts.map((part, index) => {
    const equal = parts
      .slice(0, index)
      .map((earlier, at) => sql`${earlier.column} is not distinct from ${typed(position[at] ?? null, earlier.type)}`);
    return sql`(${sql.join([...equal, further(page, part, position[index] ?? null, ascending(part))], sql` and `)})`;
  });
  return sql`(${sql.join(alternatives, sql` or `)})`;
}

/** What stands behind one key value; nulls are last going forward and first going backward. */
function further(page: Page, part: KeyPart, value: KeyValue, ascending: boolean): SQL {
  if (value === null) return page.backward ? sql`${part.column} is not null` : sql`false`;
  const beyond = ascending ? sql`${part.column} > ${typed(value, part.type)}` : sql`${part.column} < ${typed(value, part.type)}`;
  return part.nullable && !page.backward ? sql`(${beyond} or ${part.column} is null)` : beyond;
}

/** Makes a connection of up to `page.size + 1` rows; `keyOf` gives a row's key values in the order of the key parts. */
export function toConnection<Row>(
  ctx: CursorContext,
  page: Page,
  rows: readonly Row[],
  keyOf: (row: Row) => readonly (KeyValue | Date | bigint)[],
  totalCount?: () => Promise<number>,
): Connection<Row> {
  const more = rows.length > page.size;
  const kept = page.backward ? rows.slice(0, page.size).toReversed() : rows.slice(0, page.size);
  // Signing costs more than all the rest of a page, and most clients ask for nodes alone.
  const edges = kept.map((node) => ({
    node,
    get cursor() {
      return makeCursor(ctx, page.scope, keyOf(node).map(plain));
    },
  }));
  return {
    edges,
    nodes: kept,
    pageInfo: {
      hasNextPage: page.backward ? page.position !== null : more,
      hasPreviousPage: page.backward ? more : page.position !== null,
      get startCursor() {
        return edges[0]?.cursor ?? null;
      },
      get endCursor() {
        return edges.at(-1)?.cursor ?? null;
      },
    },
    totalCount,
  };
}

const plain = (value: KeyValue | Date | bigint): KeyValue =>
  value instanceof Date ? value.toISOString() : typeof value === 'bigint' ? String(value) : value;
