import { availableParallelism } from 'node:os';
import { readSettings } from '@supergraph/platform/config';
import { withDeadline } from '@supergraph/platform/deadline';
import { domainMetrics } from '@supergraph/platform/domain-metrics';
import { hashing } from '../service/hashing.ts';
import { hashPassword, isOutdated, lackingCost, verifyPassword } from '../service/passwords.ts';

const at = (memory: string, rounds: string) => ({ settings: readSettings({ PASSWORD_HASH_MIB: memory, PASSWORD_HASH_ROUNDS: rounds }) });
const before = at('19', '2');

describe('a password’s hash', () => {
  test('costs 46 MiB and two rounds where nothing else is set', async () => {
    expect(await hashPassword({ settings: readSettings({}) }, 'four unrelated words')).toMatch(/^\$argon2id\$v=19\$m=47104,t=2,p=1\$/);
  });

  test('names its cost, so that the one that is set may change', async () => {
    const kept = await hashPassword(before, 'four unrelated words');
    expect(kept).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const now = at('32', '3');
    expect(await verifyPassword(now, kept, 'four unrelated words')).toBe(true);
    expect(await verifyPassword(now, kept, 'four other words')).toBe(false);
    expect([isOutdated(before, kept), isOutdated(now, kept), isOutdated(now, await hashPassword(now, 'x'))]).toEqual([false, true, false]);
  });

  test('of less work is made up for, so that a wrong password takes as long as for nobody', async () => {
    const kept = await hashPassword(before, 'four unrelated words');
    expect(lackingCost(before, kept)).toBeNull();
    // 19 MiB twice and 46 MiB less 19 MiB twice are 46 MiB twice.
    expect(lackingCost(at('46', '2'), kept)).toEqual({ memory: (46 - 19) * 1_024, rounds: 2 });
    // 19 MiB twice and what is left of 40 MiB four times.
    expect(lackingCost(at('40', '4'), kept)).toEqual({ memory: ((160 - 38) / 4) * 1_024, rounds: 4 });
    expect(lackingCost(at('19', '2'), await hashPassword(at('46', '2'), 'x'))).toBeNull();
  });

  test('cheaper than what OWASP calls the least is refused by name', () => {
    expect(() => at('18', '2')).toThrow(/PASSWORD_HASH_MIB must be at least 19/);
    expect(() => at('46', '1')).toThrow(/PASSWORD_HASH_ROUNDS must be at least 2/);
  });
});

describe('hashes at once', () => {
  const { admit, inTurn, lanes, mostAdmitted } = hashing;
  /** So many pieces of work that end when they are let go. */
  function hold(count: number, through: (work: () => Promise<void>) => Promise<void>) {
    const { promise, resolve } = Promise.withResolvers<void>();
    let begun = 0;
    const all = Array.from({ length: count }, () =>
      through(() => {
        begun += 1;
        return promise;
      }),
    );
    return { begun: () => begun, end: () => (resolve(), Promise.all(all)) };
  }
  const settled = () => new Promise((later) => setImmediate(later));

  test('are no more than one for each processor, and leave a thread to others', async () => {
    const held = hold(lanes + 3, inTurn);
    await settled();
    expect(held.begun()).toBe(lanes);
    expect(lanes).toBeLessThanOrEqual(Math.max(1, Math.min(availableParallelism(), 3)));
    await held.end();
    expect(held.begun()).toBe(lanes + 3);
  });

  test('are refused at once where too many are wanted, before anything is done, and let in again afterwards', async () => {
    const held = hold(mostAdmitted, admit);
    let isDone = false;
    const late = admit(async () => {
      isDone = true;
    });
    await expect(late).rejects.toMatchObject({ extensions: { code: 'RATE_LIMITED', reason: 'PASSWORDS_BUSY', retryAfterSeconds: 2 } });
    await expect(hashPassword(before, 'four unrelated words')).rejects.toMatchObject({ extensions: { reason: 'PASSWORDS_BUSY' } });
    expect(isDone).toBe(false);
    await held.end();
    expect(await hashPassword(before, 'four unrelated words')).toMatch(/^\$argon2id/);
  });

  test('are measured: how many go on, how many wait, how long they take, how many were refused', async () => {
    const held = hold(lanes + 2, (work) => admit(() => inTurn(work)));
    await settled();
    const shown = await domainMetrics.metrics();
    const value = (name: string) => Number(new RegExp(`^accounts_password_hashes_${name} (\\d+)$`, 'm').exec(shown)?.[1]);
    expect([value('lanes'), value('running'), value('admitted')]).toEqual([lanes, lanes, lanes + 2]);
    expect(value('refused_total')).toBeGreaterThanOrEqual(2);
    const before = value('seconds_count');
    await held.end();
    expect(await domainMetrics.metrics()).toContain(`accounts_password_hashes_seconds_count ${before + lanes + 2}\n`);
  });

  test('are not begun for who has left', async () => {
    const held = hold(lanes, inTurn);
    let isDone = false;
    const leaving = new AbortController();
    const waiting = withDeadline({ deadline: Date.now() + 60_000, signal: leaving.signal }, () =>
      inTurn(async () => {
        isDone = true;
      }),
    );
    leaving.abort();
    await held.end();
    await expect(waiting).rejects.toMatchObject({ extensions: { code: 'UPSTREAM_UNAVAILABLE' } });
    expect(isDone).toBe(false);
  });
});
