import { requireViewer } from '@supergraph/platform/context';
import { badInput } from '@supergraph/platform/errors';
import { idInput, nameText, optional, parseInput } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { canSeePersonal, isAdmin } from '../../policy.ts';
import {
  type AuditRow,
  type AuditWishes,
  checkAudit,
  findAuditBounds,
  findAuditHash,
  findAuditHead,
  listAudit,
} from '../../store/audit.ts';

const mostNames = 20;

const Filter = z.strictObject({
  names: optional(
    z
      .array(nameText({ max: 100 }))
      .min(1, 'must name at least 1')
      .max(mostNames, `must be at most ${mostNames}`),
  ),
  actorId: optional(idInput),
  subjectId: optional(idInput),
  target: optional(nameText({ max: 100 })),
  organizationId: optional(idInput),
  at: optional(z.strictObject({ from: optional(z.date()), to: optional(z.date()) })),
});

type Arguments = PageArguments & { readonly filter?: unknown };

/** A page of the whole audit log, newest first; for administrators. */
export const auditEvents = (ctx: Context, args: Arguments): Promise<Connection<AuditRow>> => pageOf(ctx, args, ['audit']);

/** A page of what concerns one person, newest first; null for whom it does not concern. */
export async function securityEvents(ctx: Context, userId: string, args: Arguments): Promise<Connection<AuditRow> | null> {
  return canSeePersonal(ctx.viewer, userId) ? pageOf(ctx, args, securityScope(userId), userId) : null;
}

/** What the cursors of a person's entries belong to, in pages and in the subscription alike. */
export const securityScope = (userId: string): unknown => ['security', userId];

async function pageOf(ctx: Context, args: Arguments, scope: unknown, subjectId?: string): Promise<Connection<AuditRow>> {
  const { at, ...filter } = parseInput(Filter, args.filter ?? {});
  const wishes: AuditWishes = { ...filter, ...at, ...(subjectId ? { subjectId } : {}) };
  const page = readPage(ctx, args, isEmpty(filter, at) ? scope : [scope, wishes]);
  return toConnection(ctx, page, await listAudit(ctx.db, page, wishes), (row) => [row.position]);
}

const isEmpty = (...objects: readonly (object | undefined)[]): boolean =>
  objects.every((object) => Object.values(object ?? {}).every((value) => value === undefined));

/** From where somebody acted is for themselves and for administrators; an attempt of nobody known is the person's to see. */
export function shownAddress(ctx: Context, { actorId, ipAddress }: AuditRow): string | null {
  const viewer = requireViewer(ctx);
  return actorId === null || actorId === viewer.userId || isAdmin(viewer) ? ipAddress : null;
}

const mostChecked = 200_000;
const checkedAtOnce = 20_000;

/** Whether the chain holds. */
export interface ChainResult {
  readonly sound: boolean;
  readonly checked: number;
  readonly firstBroken: string | null;
}

/** Checks the audit log between two moments: every entry, its link to the one before it, and the end where it belongs to the stretch. */
export async function verifyAuditChain(ctx: Context, { from, to }: { from: Date; to: Date }): Promise<ChainResult> {
  if (from >= to) throw badInput([{ path: 'to', message: 'must be after from' }]);
  // The head first: what is appended from now on is not missed by it.
  const head = await findAuditHead(ctx.db);
  const { first, last, newest } = await findAuditBounds(ctx.db, from, to);
  const isEndWhole = last !== newest || head.position === 0 || (await findAuditHash(ctx.db, head.position)) === head.hash;
  if (first === null || last === null) return { sound: isEndWhole, checked: 0, firstBroken: null };
  if (last - first >= mostChecked)
    throw badInput([{ path: 'to', message: `must be nearer to from: at most ${mostChecked} entries are checked at once` }]);
  let checked = 0;
  for (let start = first; start <= last; start += checkedAtOnce) {
    ctx.signal.throwIfAborted();
    const part = await checkAudit(ctx.db, start, Math.min(start + checkedAtOnce - 1, last));
    checked += part.checked;
    if (part.firstBroken) return { sound: false, checked, firstBroken: part.firstBroken };
  }
  return { sound: isEndWhole, checked, firstBroken: null };
}
