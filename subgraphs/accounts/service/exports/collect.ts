import type { Db } from '@supergraph/platform/database';
import { defineWorker } from '@supergraph/platform/workers';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { pauseAfter, queueMail } from '../../mail/queue.ts';
import {
  appendPart,
  type DataExport,
  deleteFiles,
  type ExportFile,
  findExport,
  listExpired,
  listFiles,
  listPreparing,
  moveExport,
  openFiles,
  sweepExports,
} from '../../store/exports.ts';
import { ledger } from '../../store/personal-data.ts';
import { findUsers } from '../../store/users.ts';
import { record } from '../audit.ts';
import { dayMs } from '../shared.ts';
import { makePart } from './parts.ts';

const givenUpAfterMs = dayMs;
const keptMs = 7 * dayMs;
const rememberedMs = 30 * dayMs;
const rowsAtOnce = 200;
/** Of JSON, all files together; what is larger needs somebody's hand. */
const largestExport = 256 * 1024 * 1024;
/** A run that takes longer lets others go first. */
const runMs = 60_000;
const sweptAtOnce = 1_000;

/** An export that will not become less large by waiting. */
class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** Asks every domain what it holds of the person, page by page; goes on where it stood. */
export const collector = defineWorker<{ exportId: string }, Context['loaders']>({
  name: 'collect-data-export',
  data: z.object({ exportId: z.uuid() }),
  run: (ctx, { exportId }) => collect(ctx, exportId),
});

/** Takes up exports whose own run was lost, gives up what took too long, and removes what was kept long enough. */
export const exportKeeper = defineWorker<Record<string, never>, Context['loaders']>({
  name: 'keep-data-exports',
  data: z.strictObject({}),
  schedule: '53 * * * *',
  run: async (ctx) => {
    for (const { id } of await listPreparing(ctx.db, sweptAtOnce))
      await ctx.db.transaction((tx) => ctx.workers.enqueue(tx, collector, { exportId: id }, { singletonKey: id }));
    for (const { id } of await listExpired(ctx.db, ctx.now(), sweptAtOnce)) await end(ctx, id, 'READY', 'EXPIRED');
    await sweepExports(ctx.db, new Date(ctx.now().getTime() - rememberedMs));
  },
});

async function collect(ctx: Context, exportId: string): Promise<void> {
  const found = await findExport(ctx.db, exportId);
  if (found?.status !== 'PREPARING') return;
  if (found.requestedAt.getTime() + givenUpAfterMs <= ctx.now().getTime()) return giveUp(ctx, found);
  try {
    const isWhole = await collectAll(ctx, found, performance.now() + runMs);
    if (isWhole) await finish(ctx, found);
    else await postpone(ctx, found);
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    ctx.log.error({ error, exportId }, 'the data of a person is larger than an export may be');
    await giveUp(ctx, found);
  }
}

/** Whether all is there. A domain that is away does not keep the others from being asked. */
async function collectAll(ctx: Context, found: DataExport, until: number): Promise<boolean> {
  let isWhole = true;
  for (const domain of await ledger.listKeepers(ctx.db)) {
    ctx.signal.throwIfAborted();
    try {
      isWhole = (await collectFrom(ctx, found, domain, until)) && isWhole;
    } catch (error) {
      if (error instanceof TooLarge) throw error;
      ctx.log.warn({ error, exportId: found.id, domain }, 'a domain did not say what it holds of a person; it is asked again');
      isWhole = false;
    }
  }
  return isWhole;
}

const page = /* GraphQL */ `
  query ($userId: ID!, $holding: String!, $after: String, $limit: Int!) {
    _personalData(userId: $userId, holding: $holding, after: $after, limit: $limit)
  }
`;
const Holdings = z.object({ _personalHoldings: z.array(z.object({ name: z.string(), description: z.string() })) });
const Page = z.object({ _personalData: z.object({ rows: z.array(z.unknown()), next: z.string().nullable() }) });

async function collectFrom(ctx: Context, { id, userId }: DataExport, domain: string, until: number): Promise<boolean> {
  const { _personalHoldings: holdings } = Holdings.parse(await ctx.call(domain, '{ _personalHoldings }'));
  for (let file of await openFiles(ctx.db, id, domain, holdings)) {
    while (!file.completedAt) {
      if (ctx.signal.aborted || performance.now() > until) return false;
      const variables = { userId, holding: file.holding, after: file.next, limit: rowsAtOnce };
      const { rows, next } = Page.parse(await ctx.call(domain, page, variables))._personalData;
      const appended = await append(ctx, file, rows, next);
      // Somebody else works on it, or it is over: that run says what follows.
      if (!appended) return false;
      file = appended;
    }
  }
  return true;
}

async function append(ctx: Context, file: ExportFile, rows: readonly unknown[], next: string | null): Promise<ExportFile | null> {
  const part = { ...makePart(ctx, file, { rows, isLast: next === null }), next, now: ctx.now() };
  return ctx.db.transaction(async (tx) => {
    const appended = await appendPart(tx, file, part);
    if (appended && appended.exportBytes > largestExport) throw new TooLarge(`more than ${largestExport} bytes`);
    return appended?.file ?? null;
  });
}

async function finish(ctx: Context, { id, userId }: DataExport): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const readyAt = ctx.now();
    const ready = await moveExport(tx, id, 'PREPARING', { status: 'READY', readyAt, expiresAt: new Date(readyAt.getTime() + keptMs) });
    if (!ready) return;
    await write(ctx, tx, userId, 'EXPORT_READY');
    const files = await listFiles(tx, [id]);
    await record(ctx, tx, {
      name: 'data_export.ready',
      subjectId: userId,
      target: id,
      details: { files: files.length, bytes: ready.bytes },
    });
  });
}

/** Tries again later, with growing pauses, but no later than when it is given up. */
async function postpone(ctx: Context, { id, attempts, requestedAt }: DataExport): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const waiting = await moveExport(tx, id, 'PREPARING', { attempts: attempts + 1 });
    if (!waiting) return;
    const latest = requestedAt.getTime() + givenUpAfterMs;
    const startAfter = new Date(Math.min(ctx.now().getTime() + pauseAfter(attempts + 1), latest));
    await ctx.workers.enqueue(tx, collector, { exportId: id }, { startAfter, singletonKey: id });
  });
}

async function giveUp(ctx: Context, { id, userId }: DataExport): Promise<void> {
  ctx.log.error({ exportId: id }, 'a copy of a person’s data was given up');
  await end(ctx, id, 'PREPARING', 'FAILED', (tx) => write(ctx, tx, userId, 'EXPORT_FAILED'));
}

async function end(
  ctx: Context,
  id: string,
  from: DataExport['status'],
  status: DataExport['status'],
  tell?: (tx: Db) => Promise<void>,
): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    if (!(await moveExport(tx, id, from, { status }))) return;
    await deleteFiles(tx, id);
    await tell?.(tx);
  });
}

async function write(ctx: Context, tx: Db, userId: string, kind: 'EXPORT_READY' | 'EXPORT_FAILED'): Promise<void> {
  const [user] = await findUsers(tx, [userId]);
  if (user?.email) await queueMail(ctx, tx, { kind, to: user.email, name: user.displayName });
}
