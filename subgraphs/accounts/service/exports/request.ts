import { conflict, rateLimited } from '@supergraph/platform/errors';
import { optional, parseInput } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { type DataExport, type ExportFile, findExport, insertExport, listExports, listFiles } from '../../store/exports.ts';
import { lockFor } from '../../store/records.ts';
import { record } from '../audit.ts';
import { dayMs, reasonText } from '../shared.ts';
import { requireStepUp } from '../step-up.ts';
import { collector } from './collect.ts';

const Reason = z.strictObject({ reason: optional(reasonText) });
/** One a day, kept for 30 days. */
const mostListed = 31;

/** Begins a copy of the viewer's data; one a day. */
export async function requestDataExport(ctx: Context, input: unknown): Promise<DataExport> {
  const { reason = null } = parseInput(Reason, input);
  const { userId } = await requireStepUp(ctx);
  return ctx.db.transaction(async (tx) => {
    await lockFor(tx, `export:${userId}`);
    const [latest] = await listExports(tx, userId, 1);
    const next = new Date((latest?.requestedAt.getTime() ?? -Infinity) + dayMs);
    if (latest && next > ctx.now())
      throw latest.status === 'PREPARING' ? isRunning(next) : rateLimited((next.getTime() - ctx.now().getTime()) / 1_000);
    const made = await insertExport(tx, userId, ctx.now());
    await ctx.workers.enqueue(tx, collector, { exportId: made.id }, { singletonKey: made.id });
    await record(ctx, tx, { name: 'data_export.requested', target: made.id, details: { reason } });
    return made;
  });
}

const isRunning = (until: Date) =>
  conflict(`an export is being prepared; it is ready or has failed by ${until.toISOString()}`, {
    reason: 'EXPORT_RUNNING',
    until: until.toISOString(),
  });

/** The person's exports of the last 30 days, newest first; null for anybody else. */
export const dataExportsOf = async (ctx: Context, userId: string): Promise<DataExport[] | null> =>
  ctx.viewer?.userId === userId ? listExports(ctx.db, userId, mostListed) : null;

/** An export of the viewer, or null. */
export async function findOwnExport(ctx: Context, id: string): Promise<DataExport | null> {
  if (!z.uuid().safeParse(id).success) return null;
  const found = await findExport(ctx.db, id);
  return found && found.userId === ctx.viewer?.userId ? found : null;
}

/** Where an export stands: one whose time is over is over, whether its files were removed yet or not. */
export const statusOf = (ctx: Pick<Context, 'now'>, { status, expiresAt }: DataExport): DataExport['status'] =>
  status === 'READY' && expiresAt !== null && expiresAt <= ctx.now() ? 'EXPIRED' : status;

/** A file together with the export that it belongs to. */
export type OwnFile = ExportFile & { readonly of: DataExport };

/** What can be downloaded of an export; nothing before it is ready, and nothing after it expired. */
export async function filesOf(ctx: Context, of: DataExport): Promise<OwnFile[]> {
  if (statusOf(ctx, of) !== 'READY') return [];
  return (await listFiles(ctx.db, [of.id])).map((file) => ({ ...file, of }));
}
