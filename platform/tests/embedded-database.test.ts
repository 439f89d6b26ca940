/* oxlint-disable eslint/no-restricted-properties -- names made in this test, which no parameter can carry */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import postgres from 'postgres';
import { deleteEmbeddedDatabase, EmbeddedDatabaseFailed, startEmbeddedDatabase } from '../src/embedded-database.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-'));
});
afterEach(() => deleteEmbeddedDatabase(directory));

const postmasterFile = () => join(directory, 'data/postmaster.pid');
const postmaster = () => Number(readFileSync(postmasterFile(), 'utf8').split('\n')[0]);
/** A process that has ended may stay listed until its parent looks. */
const runs = (pid: number) => {
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 && !stdout.startsWith('Z');
};

async function ask(url: string, statement: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, fetch_types: false });
  try {
    return (await sql.unsafe(statement)).map((row) => Object.values(row)[0]);
  } finally {
    await sql.end();
  }
}

/** Another program that uses the same directory; `line` is the address it got. */
async function startElsewhere(): Promise<{ program: ChildProcess; url: string }> {
  const script = `import { startEmbeddedDatabase } from ${JSON.stringify(join(import.meta.dirname, '../src/embedded-database.ts'))};
    const { url, stop } = await startEmbeddedDatabase({ directory: ${JSON.stringify(directory)} });
    console.log(url);
    const alive = setInterval(() => undefined, 1000);
    process.once('SIGTERM', () => void stop().then(() => clearInterval(alive)));`;
  const program = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface({ input: program.stdout }), 'line')) as [string];
  return { program, url };
}

test('it starts from nothing, keeps its data, its address and fsync, and stops', async () => {
  const server = await startEmbeddedDatabase({ directory });
  await ask(server.url, 'create table kept (n int)');
  expect(
    await ask(server.url, `select setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit')`),
  ).toEqual(['on', 'on', 'on']);
  expect(await ask(server.url, `select setting from pg_settings where name = 'listen_addresses'`)).toEqual(['127.0.0.1']);
  expect(statSync(join(directory, 'password')).mode & 0o777).toBe(0o600);
  const pid = postmaster();
  await server.stop();
  expect(runs(pid)).toBe(false);
  const second = await startEmbeddedDatabase({ directory });
  expect(second.url).toBe(server.url);
  expect(await ask(second.url, 'select count(*)::int from kept')).toEqual([0]);
  await second.stop();
});

test('nobody gets in without the password', async () => {
  const server = await startEmbeddedDatabase({ directory, fastAndUnsafe: true });
  const stranger = new URL(server.url);
  stranger.password = 'guess';
  await expect(ask(stranger.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  await server.stop();
});

test('a program that is killed leaves the server to the next one', async () => {
  const { program, url } = await startElsewhere();
  const pid = postmaster();
  program.kill('SIGKILL');
  await once(program, 'exit');
  expect(runs(pid)).toBe(true);
  const server = await startEmbeddedDatabase({ directory });
  expect([server.url, postmaster()]).toEqual([url, pid]);
  await server.stop();
  expect(runs(pid)).toBe(false);
});

test('a second program joins, and the last one to leave stops the server', async () => {
  const [one, two] = await Promise.all([startElsewhere(), startElsewhere()]);
  expect(two.url).toBe(one.url);
  const pid = postmaster();
  one.program.kill('SIGTERM');
  await once(one.program, 'exit');
  expect(await ask(two.url, 'select 1')).toEqual([1]);
  two.program.kill('SIGTERM');
  await once(two.program, 'exit');
  expect(runs(pid)).toBe(false);
});

test('what a crash of the machine leaves behind does not keep it from starting', async () => {
  const server = await startEmbeddedDatabase({ directory });
  const text = readFileSync(postmasterFile(), 'utf8');
  await server.stop();
  // The number in the file belongs to a living program now, and so do those of an app and of a lock.
  writeFileSync(postmasterFile(), text.replace(/^\d+/, String(process.pid)));
  writeFileSync(join(directory, 'apps', `${process.ppid}.left`), '1');
  writeFileSync(join(directory, 'lock'), `${process.ppid} 1`);
  const again = await startEmbeddedDatabase({ directory });
  expect(await ask(again.url, 'select 1')).toEqual([1]);
  const pid = postmaster();
  await again.stop();
  expect(runs(pid)).toBe(false);
});

test('a folder that holds something else, or another version, is named together with the mend', async () => {
  mkdirSync(join(directory, 'data'));
  writeFileSync(join(directory, 'data', 'notes.txt'), 'mine');
  await expect(startEmbeddedDatabase({ directory })).rejects.toThrow(
    /finds no database in .*data\nmend: move .* away, or drop it: npm run db:reset/,
  );
  writeFileSync(join(directory, 'data', 'PG_VERSION'), '12\n');
  await expect(startEmbeddedDatabase({ directory })).rejects.toThrow(/was written by version 12\nmend: /);
  expect(readFileSync(join(directory, 'data', 'notes.txt'), 'utf8')).toBe('mine');
});

test('a server that cannot start says why', async () => {
  await (await startEmbeddedDatabase({ directory, fastAndUnsafe: true })).stop();
  appendFileSync(join(directory, 'data', 'postgresql.conf'), '\nshared_preload_libraries = nonsense\n');
  const error = await startEmbeddedDatabase({ directory }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(EmbeddedDatabaseFailed);
  expect((error as Error).message).toMatch(/could not start[\s\S]*nonsense[\s\S]*\nmend: /);
  rmSync(join(directory, 'data'), { recursive: true });
});
