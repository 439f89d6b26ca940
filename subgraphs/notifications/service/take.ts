import type { FactContent } from '@supergraph/db/notifications/tables';
import { asTenant, type Db } from '@supergraph/platform/database';
import type { EventContract } from '@supergraph/platform/events';
import { defineWorker } from '@supergraph/platform/workers';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { v7 } from 'uuid';
import { z } from 'zod';
import { categoryOfKind, isKnownKind } from '../catalogue.ts';
import type { Context } from '../context.ts';
import { tellFeeds } from '../feed/hub.ts';
import { speaksFor, withActor } from '../policy.ts';
import { findDeparted, findPeople, insertFacts, isWithdrawn, lockFacts } from '../store/facts.ts';
import { findOpenGroups, saveNotices } from '../store/notices.ts';
import { asRecipients, type Notice } from '../store/rows.ts';
import { type Ledger, withLedger } from './ledger.ts';

/** What a domain asks to be told. */
export type NoticeRequest = typeof notificationRequested.any extends EventContract<infer Payload> ? Payload : never;

const Later = z.strictObject({ domain: z.string(), request: notificationRequested.any.payload });

/** Takes in what was asked for a later time. */
export const laterWorker = defineWorker<z.output<typeof Later>, Context['loaders']>({
  name: 'take-later',
  data: Later,
  run: (ctx, { domain, request }) => ctx.db.transaction((tx) => takeRequest(ctx, tx, domain, { ...request, notBefore: null })),
});

/**
 * Writes the notices that a domain asked for, in the transaction that takes the event: one per fact and recipient, for
 * ever. What is unread in the same group is joined.
 */
export async function takeRequest(ctx: Context, tx: Db, domain: string, request: NoticeRequest): Promise<void> {
  if (!isKnownKind(domain, request.kind))
    ctx.log.warn({ domain, kind: request.kind }, 'a notice of an unknown kind came; mend: describe it in the catalogue');
  const startAfter = request.notBefore ? new Date(request.notBefore) : null;
  if (startAfter && startAfter > ctx.now()) return ctx.workers.enqueue(tx, laterWorker, { domain, request }, { startAfter });
  await lockFacts(tx, domain, [request.dedupeKey]);
  if (await isWithdrawn(tx, domain, request.dedupeKey)) return;
  const recipientIds = await reachable(tx, domain, request);
  if (recipientIds.length === 0) return;
  const touched = await asRecipients(tx, recipientIds, async (open) => {
    const done = await withLedger(ctx, open, recipientIds, (ledger) => tell(ctx, open, ledger, { domain, request, recipientIds }));
    return done.touched;
  });
  tellFeeds(ctx, touched);
}

/** The actor never hears of their own act, the erased hear nothing, and who left a tenant hears of it from organizations alone. */
async function reachable(tx: Db, domain: string, request: NoticeRequest): Promise<string[]> {
  const { actorId, organizationId } = request;
  const asked = [...new Set(request.recipientIds)].filter((id) => id !== actorId).toSorted();
  if (asked.length === 0) return [];
  const erased = new Set((await findPeople(tx, asked)).filter(({ erasedAt }) => erasedAt).map(({ userId }) => userId));
  const gone =
    organizationId && domain !== 'organizations'
      ? await asTenant(tx, organizationId, (inner) => findDeparted(inner, organizationId, asked))
      : new Set<string>();
  return asked.filter((id) => !erased.has(id) && !gone.has(id));
}

interface Telling {
  readonly domain: string;
  readonly request: NoticeRequest;
  readonly recipientIds: readonly string[];
}

async function tell(ctx: Context, tx: Db, ledger: Ledger, { domain, request, recipientIds }: Telling): Promise<void> {
  const { dedupeKey, groupKey } = request;
  const content = contentOf(request);
  const groups = groupKey === null ? [] : await findOpenGroups(tx, recipientIds, domain, groupKey);
  const openByRecipient = new Map(groups.map((notice) => [notice.recipientId, notice]));
  const targets = new Map(recipientIds.map((id) => [id, openByRecipient.get(id)?.id ?? v7()]));
  const fresh = await insertFacts(
    tx,
    recipientIds.map((recipientId) => ({
      recipientId,
      domain,
      dedupeKey,
      notificationId: targets.get(recipientId) as string,
      seq: ledger.head(recipientId).lastSeq + 1,
      content: groupKey === null ? null : content,
    })),
  );
  const rows = recipientIds
    .filter((id) => fresh.has(id))
    .map((recipientId) => {
      const joined = openByRecipient.get(recipientId);
      const id = targets.get(recipientId) as string;
      const seq = ledger.log(recipientId, joined ? 'UPDATED' : 'ADDED', id);
      const next = joined
        ? joining(joined, content, seq, ctx.now())
        : beginning({ id, recipientId, seq, domain, request, content, now: ctx.now() });
      ledger.count(recipientId, joined ?? null, next);
      return next;
    });
  await saveNotices(tx, rows);
}

// The actor's name comes from accounts' copy, so that it changes and goes with its owner.
const namesOfActors = new Set(['authorName', 'actorName']);

function contentOf({ kind, urgency, actorId, subject, data, expiresAt }: NoticeRequest): FactContent {
  const values = Object.fromEntries(Object.entries(data).filter(([key]) => !namesOfActors.has(key)));
  return { kind, urgency, actorId, subject, data: values, expiresAt };
}

interface Beginning extends Pick<Notice, 'id' | 'recipientId' | 'seq' | 'domain'> {
  readonly request: NoticeRequest;
  readonly content: FactContent;
  readonly now: Date;
}

function beginning({ id, recipientId, seq, domain, request, content, now }: Beginning): Notice {
  return {
    id,
    recipientId,
    seq,
    domain,
    ...spoken(domain, content),
    organizationId: request.organizationId,
    actorIds: withActor([], content.actorId),
    groupKey: request.groupKey,
    groupOpen: request.groupKey !== null,
    count: 1,
    createdAt: now,
    updatedAt: now,
    seenAt: null,
    readAt: null,
    archivedAt: null,
    snoozedUntil: null,
    strippedAt: null,
  };
}

function joining(notice: Notice, content: FactContent, seq: number, now: Date): Notice {
  return {
    ...notice,
    ...(speaksFor(content, notice) ? spoken(notice.domain, content) : {}),
    actorIds: withActor(notice.actorIds, content.actorId),
    count: notice.count + 1,
    seq,
    updatedAt: now,
    seenAt: null,
  };
}

/** What a notice says of the fact that speaks for it. */
export function spoken(domain: string, { kind, urgency, subject, data, expiresAt }: FactContent) {
  return {
    kind,
    category: categoryOfKind(domain, kind),
    urgency,
    data,
    subjectType: subject?.type ?? null,
    subjectId: subject?.id ?? null,
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
  } satisfies Partial<Notice>;
}
