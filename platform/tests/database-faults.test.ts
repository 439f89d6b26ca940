import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { deleteEmbeddedDatabase, startEmbeddedDatabase, type EmbeddedDatabase } from '../src/embedded-database.ts';
import { migrateDomain } from '../src/migrate.ts';
import { writeMigrations } from './support/migrations.ts';
import { until } from './support/until.ts';

// Killing and freezing by process tree needs Linux's /proc.
const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('a database that is killed or frozen under load', () => {
  const directory = mkdtempSync(join(tmpdir(), 'faults-'));
  let server: EmbeddedDatabase;
  let load: ChildProcess;
  let seen: {
    ok: number;
    unavailable: number;
    end?: true;
    answered?: number;
    strange?: number;
    wrong?: number;
    slowestMs?: number;
    stoodStillMs?: number;
  }[] = [];
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
    await succeeding();
  });
  afterAll(async () => {
    load?.kill('SIGKILL');
    await deleteEmbeddedDatabase(directory);
  });

  /** Waits until requests succeed again and none fails. */
  async function succeeding(): Promise<void> {
    seen = [];
    await until(() => {
      if (load.exitCode !== null) throw new Error(`the process under load ended\n${complaints}`);
      const last = seen.at(-1);
      return seen.length > 1 && last && last.ok > 0 && last.unavailable === 0;
    }, 120_000);
  }
  const refused = () => seen.reduce((sum, { unavailable }) => sum + unavailable, 0);

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

  test.each([1, 2])('killed (turn %i): requests are refused, and succeed again after its return', async () => {
    signalAll('SIGKILL');
    seen = [];
    await until(() => refused() > 0);
    const again = await startEmbeddedDatabase({ directory });
    expect(again.url).toBe(server.url);
    await succeeding();
  });

  test('one session killed: the server recovers by itself and so do the requests', async () => {
    const session = children(postmaster()).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('127.0.0.1'));
    process.kill(session!, 'SIGKILL');
    await sleep(100);
    await succeeding();
  });

  test('frozen: requests are refused in time, and succeed again after its thaw', async () => {
    signalAll('SIGSTOP');
    seen = [];
    // Longer than any request may take.
    await sleep(9_000);
    expect(refused()).toBeGreaterThan(0);
    signalAll('SIGCONT');
    await succeeding();
  });

  test('every request was answered within 5 s, none wrongly, and the process ended in order', async () => {
    const ended = new Promise<number | null>((tell) => load.once('exit', tell));
    load.kill('SIGTERM');
    expect(await ended).toBe(0);
    const sums = seen.at(-1);
    expect(complaints).toBe('');
    expect(sums).toMatchObject({ end: true, strange: 0, wrong: 0 });
    expect((sums?.slowestMs ?? 0) - (sums?.stoodStillMs ?? 0)).toBeLessThan(5_000);
  });
});
