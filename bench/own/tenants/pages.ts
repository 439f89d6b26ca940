import type { Sql, TransactionSql } from 'postgres';
import { median } from '../../measure.ts';
import { atMost, type Figure, times } from '../../results/figures.ts';

const goalRatio = 1.1;
export const tenantCount = 1_000;
const pageSize = 50;
const looks = 1_000;

const tenantId = (number: number): string => `00000000-0000-7000-9000-${number.toString(16).padStart(12, '0')}`;
const memberId = (number: number): string => `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;

/** Members of many tenants, their rows mixed as those of tenants that grow side by side. Past keys and roles, which would be checked one by one. */
export async function fillTenants(sql: Sql, rows: number): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`insert into organizations.organizations (id, slug, name)
      select ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, 'bench-' || n, 'Bench ' || n from generate_series(1, ${tenantCount}) n`;
    await tx`insert into organizations.memberships (id, organization_id, user_id, role_id, joined_by)
      select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, ('00000000-0000-7000-9000-' || lpad(to_hex(1 + n % ${tenantCount}), 12, '0'))::uuid,
        ('00000000-0000-7000-a000-' || lpad(to_hex(n / 5), 12, '0'))::uuid, ('00000000-0000-7000-b000-' || lpad(to_hex(1 + n % ${tenantCount}), 12, '0'))::uuid, 'INVITED'
      from generate_series(1, ${rows}) n`;
  });
  await sql`vacuum analyze organizations.memberships`;
}

interface Plan {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Plan[];
}
interface Explained {
  readonly Plan: Plan;
  readonly 'Execution Time': number;
}
/** Behind a door row-level security looks at each row; past it the same statements run without. */
type Way = 'behind' | 'past';

/** Connections of the service's role, as the services have them, and of the owner, whom no policy binds. */
export type Connections = Readonly<Record<Way, Sql>>;

const enter = (sql: Sql, organizationId: string, work: (tx: TransactionSql) => Promise<unknown>) =>
  sql.begin(async (tx) => {
    await tx`select set_config('app.organization_id', ${organizationId}, true)`;
    return work(tx);
  });

/** A page of some tenant, from somewhere in its middle. */
function pageOf(number: number, rows: number) {
  const organizationId = tenantId(1 + (number % tenantCount));
  const position = memberId(Math.floor((rows * ((number * 7_919) % 1_000)) / 2_000));
  const read = (tx: TransactionSql) =>
    tx`select * from organizations.memberships where organization_id = ${organizationId} and id > ${position} order by id limit ${pageSize}`;
  const explain = (tx: TransactionSql) => tx<{ 'QUERY PLAN': Explained[] }[]>`
    explain (analyze, timing off, format json)
    select * from organizations.memberships where organization_id = ${organizationId} and id > ${position} order by id limit ${pageSize}`;
  return { organizationId, read, explain };
}

const leaf = (plan: Plan): Plan => (plan.Plans?.[0] ? leaf(plan.Plans[0]) : plan);

/** What the row-level security costs a page, and by which index it is read. */
export async function comparePages(connections: Connections, rows: number): Promise<{ figures: Figure[]; note: string }> {
  const whole = { behind: [] as number[], past: [] as number[] };
  const executed = { behind: [] as number[], past: [] as number[] };
  let plan: Plan | undefined;
  for (let number = 0; number < looks; number++) {
    const { organizationId, read, explain } = pageOf(number, rows);
    // The first look of all fetches the page from the disk, and is nobody's.
    await enter(connections.past, organizationId, read);
    for (const way of number % 2 === 0 ? (['past', 'behind'] as const) : (['behind', 'past'] as const)) {
      const begun = performance.now();
      const found = (await enter(connections[way], organizationId, read)) as object[];
      whole[way].push(performance.now() - begun);
      if (found.length !== pageSize) throw new Error(`a page has ${found.length} rows`);
      const [told] = (await enter(connections[way], organizationId, explain)) as { 'QUERY PLAN': Explained[] }[];
      const seen = told?.['QUERY PLAN'][0];
      if (!seen) throw new Error('the database explained nothing');
      executed[way].push(seen['Execution Time']);
      if (way === 'behind') plan = leaf(seen.Plan);
    }
  }
  const exactly = (value: number) => `${value.toFixed(3)} ms`;
  const [past, behind] = [median(whole.past), median(whole.behind)];
  return {
    figures: [
      { what: `a page of ${pageSize} of ${rows.toLocaleString('en')} memberships, past row-level security, median`, value: exactly(past) },
      { what: 'the same behind the tenant’s door', value: exactly(behind) },
      atMost('what row-level security costs it', behind / past, goalRatio, times),
      { what: 'of this the execution alone, past it', value: exactly(median(executed.past)) },
      { what: 'the same behind it', value: exactly(median(executed.behind)) },
    ],
    note: `A page is a transaction as the services open it, with its door; behind it rows are read by: ${plan?.['Node Type']} (${plan?.['Index Name'] ?? 'no index'}).`,
  };
}
