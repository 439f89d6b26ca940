import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedDatabase } from '@supergraph/platform/embedded-database';
import postgres from 'postgres';
import { makeDataDirectory, startAppProcess } from '../../gateway/tests/support/app-process.ts';
import type { Findings, Scenario } from '../results/parts.ts';
import { addresses, signIn } from './identity/people.ts';
import { changeRole, foundTenant, inviteMany } from './tenants/large.ts';
import { comparePages, fillTenants, tenantCount } from './tenants/pages.ts';

const size = { rows: 5_000_000, members: 50_000 };
const quickSize = { rows: 200_000, members: 5_000 };
const invited = 100;

async function run(tell: (line: string) => void, quick: boolean): Promise<Findings> {
  const { rows, members } = quick ? quickSize : size;
  const dataDirectory = makeDataDirectory();
  const app = await startAppProcess({ dataDirectory });
  // The program's own server, past the rules that bind its services.
  const database = await startEmbeddedDatabase({ directory: join(dataDirectory, 'postgres') });
  const quietly = { max: 1, onnotice: () => undefined };
  const sql = postgres(database.url, quietly);
  const service = postgres(database.url, { ...quietly, connection: { role: 'supergraph_organizations' } });
  try {
    const [owner, member] = [await signIn(app.url, addresses[0] ?? ''), await signIn(app.url, addresses[2] ?? '')];
    const tenant = await foundTenant(app.url, owner.accessToken);
    const invitations = await inviteMany(tenant, sql, invited);
    tell(`${invited} are invited`);
    const roles = await changeRole(tenant, sql, members, member.accessToken);
    tell('a role has changed');
    await fillTenants(sql, rows);
    tell(`there are ${rows.toLocaleString('en')} memberships of ${tenantCount.toLocaleString('en')} tenants`);
    const pages = await comparePages({ past: sql, behind: service }, rows);
    return { figures: [...invitations, ...roles, ...pages.figures], notes: [pages.note] };
  } finally {
    await Promise.all([sql.end({ timeout: 2 }), service.end({ timeout: 2 })]);
    await app.end();
    await database.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

/** What many tenants and a large one cost. */
export const tenants: Scenario = { title: 'Tenants', run };
