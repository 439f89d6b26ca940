import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { deleteEmbeddedDatabase, startEmbeddedDatabase, type EmbeddedDatabase } from '../src/embedded-database.ts';
import { migrateDomain } from '../src/migrate.ts';
import { writeMigrations } from './support/migrations.ts';

// Killing and freezing by process tree needs Linux's /proc.
const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('a database that is killed or frozen under load', () => {
  const directory = mkdtempSync(join(tmpdir(), 'faults-'));
  let server: EmbeddedDatabase;
  let load: ChildProcess;
  let seen: { ok: number; unavailable: number; end?: true; answered?: number; strange?: number; wrong?: number; slowestMs?: number }[] = [];
  let complaints = '';

  beforeAll(async () => {
    server = await startEmbeddedDatabase({ directory });
    const migrationsFolder = writeMigrations({ '0000_init': 'CREATE TABLE load.numbers (n int primary key)' });
    await migrateDomain({ ownerUrl: server.url, domain: 'load', migrationsFolder });
    load = spawn(process.execPath, [join(import.meta.dirname, 'support/load.ts'), server.url, 'load'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: load.stdout! }).on('line', (line) => seen.push(JSON.parse(line)));
    load.stderr!.on('data', (text) => (complaints += String(text)));
    await succeeding(10_000);
  }, 60_000);
  afterAll(async () => {
    load?.kill('SIGKILL');
    await deleteEmbeddedDatabase(directory);
  });

  /** Milliseconds until requests succeed again and none fails. */
  async function succeeding(limitMs: number): Promise<number> {
    const began = performance.now();
    seen = [];
    while (performance.now() - began < limitMs) {
      if (load.exitCode !== null) throw new Error(`the process under load ended\n${complaints}`);
      const last = seen.at(-1);
      if (seen.length > 1 && last && last.ok > 0 && last.unavailable === 0) return performance.now() - began;
      await sleep(20);
    }
    throw new Error(`no success within ${limitMs} ms: ${JSON.stringify(seen.slice(-5))}\n${complaints}`);
  }

  const postmaster = () => Number(readFileSync(join(directory, 'data/postmaster.pid'), 'utf8').split('\n')[0]);

  function children(of: number): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]) === of;
        } catch {
          return false;
        }
      });
  }

  function signalAll(signal: NodeJS.Signals): void {
    const parent = postmaster();
    for (const pid of [parent, ...children(parent)]) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        // A session may have ended since it was listed.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }

  test.each([1, 2])(
    'killed (turn %i): requests are refused, and succeed again within 5 s of its return',
    async () => {
      signalAll('SIGKILL');
      seen = [];
      await sleep(1_500);
      expect(seen.reduce((sum, { unavailable }) => sum + unavailable, 0)).toBeGreaterThan(0);
      const again = await startEmbeddedDatabase({ directory });
      expect(again.url).toBe(server.url);
      const back = await succeeding(5_000);
      console.info(`requests succeed ${Math.round(back)} ms after the killed server is back`);
    },
    30_000,
  );

  test('one session killed: the server recovers by itself and so do the requests', async () => {
    const session = children(postmaster()).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('127.0.0.1'));
    process.kill(session!, 'SIGKILL');
    await sleep(100);
    const back = await succeeding(8_000);
    console.info(`requests succeed ${Math.round(back)} ms after a session was killed`);
  }, 30_000);

  test('frozen: requests are refused in time, and succeed again within 5 s of its thaw', async () => {
    signalAll('SIGSTOP');
    seen = [];
    await sleep(9_000);
    expect(seen.reduce((sum, { unavailable }) => sum + unavailable, 0)).toBeGreaterThan(0);
    signalAll('SIGCONT');
    const back = await succeeding(5_000);
    console.info(`requests succeed ${Math.round(back)} ms after the frozen server thawed`);
  }, 30_000);

  test('every request was answered within 5 s, none wrongly, and the process ended in order', async () => {
    const ended = new Promise<number | null>((tell) => load.once('exit', tell));
    load.kill('SIGTERM');
    expect(await ended).toBe(0);
    const sums = seen.at(-1);
    console.info(JSON.stringify(sums));
    expect(complaints).toBe('');
    expect(sums).toMatchObject({ end: true, strange: 0, wrong: 0 });
    expect(sums!.slowestMs).toBeLessThan(5_000);
  }, 30_000);
});
