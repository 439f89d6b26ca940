import { getTableName } from 'drizzle-orm';
import type { Sql } from 'postgres';
import type { PersonalData } from './personal-data.ts';
import type { TestSubgraph } from './testing.ts';

/** Small, so that tests turn pages. */
const pageSize = 2;

/** All that a domain gives of a person, by collection, as accounts gets it. */
export async function exportOf({ run }: Pick<TestSubgraph, 'run'>, userId: string): Promise<Record<string, Record<string, unknown>[]>> {
  const { data } = await run('{ _personalHoldings }', { service: 'accounts' });
  const files: Record<string, Record<string, unknown>[]> = {};
  for (const { name } of data._personalHoldings as { name: string }[]) files[name] = await rowsOf(run, userId, name);
  return files;
}

const ask =
  'query ($userId: ID!, $holding: String!, $after: String, $limit: Int!) { _personalData(userId: $userId, holding: $holding, after: $after, limit: $limit) }';

async function rowsOf(run: TestSubgraph['run'], userId: string, name: string): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  let after: string | null = null;
  do {
    const { data, errors } = await run(ask, { service: 'accounts', variables: { userId, holding: name, after, limit: pageSize } });
    if (errors) throw new Error(`${name} could not be read: ${JSON.stringify(errors)}`);
    rows.push(...data._personalData.rows);
    after = data._personalData.next;
  } while (after !== null);
  return rows;
}

/**
 * Every column of a domain's tables in which one of the texts stands, as `table.column`, whatever its type. Published
 * events are left out: they go by themselves a day after they were sent.
 */
export async function tracesOf(owner: Sql, domain: string, texts: readonly string[]): Promise<string[]> {
  const patterns = texts.map((text) => `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`);
  const columns = await owner<{ table: string; names: string[] }[]>`
    select c.relname as table, array_agg(a.attname::text order by a.attnum) as names
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where n.nspname = ${domain} and c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0 and not a.attisdropped
    group by c.relname order by c.relname`;
  const traces: string[] = [];
  for (const { table, names } of columns) {
    const found = names.map(
      (name) =>
        owner`coalesce(bool_or(lower(${owner(name)}::text) like any (array(select jsonb_array_elements_text(${JSON.stringify(patterns)}::text::jsonb)))), false) as ${owner(name)}`,
    );
    const list = found.flatMap((part, index) => (index === 0 ? [part] : [owner`, `, part]));
    const unsent = table === 'outbox' ? owner`where published_at is null` : owner``;
    const [row] = await owner<Record<string, boolean>[]>`select ${list} from ${owner(domain)}.${owner(table)} ${unsent}`;
    traces.push(...names.filter((name) => row?.[name]).map((name) => `${table}.${name}`));
  }
  return traces;
}

/** The columns that a domain says the ids of erased people stay in, as `table.column`. */
export const staysOf = ({ columns }: PersonalData): string[] =>
  columns
    .filter(({ stays }) => stays !== null)
    .map(({ column }) => `${getTableName(column.table)}.${column.name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`)
    .toSorted();
