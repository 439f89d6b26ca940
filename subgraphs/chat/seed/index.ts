import { conversations, messages, outbox, participants, people, reactions, tenantMembers } from '@supergraph/db/chat/tables';
import { asTenant, type Db } from '@supergraph/platform/database';
import { emit } from '@supergraph/platform/outbox';
import { conversationCreated } from '@supergraph/schema/events/chat';
import { demoPeople, demoSellers } from '@supergraph/schema/demo';
import type { Context } from '../context.ts';
import { findConversations } from '../store/index.ts';
import { makeSample, planSamples, type Sample } from './world.ts';

/** Thirty conversations of the sample people, some with unread messages. */
export async function seed(ctx: Context): Promise<void> {
  const samples = planSamples().map(makeSample);
  await ctx.db.transaction(async (tx) => {
    const [known] = await findConversations(
      tx,
      samples.slice(0, 1).map(({ conversation }) => conversation.id),
    );
    if (known) return;
    // Version and epoch 0: whatever the owners of these facts tell is newer.
    const names = demoPeople.map(({ id: userId, handle, displayName }) => ({ userId, handle, displayName, version: 0 }));
    await tx.insert(people).values(names).onConflictDoNothing();
    for (const [organizationId, some] of Map.groupBy(samples, ({ conversation }) => conversation.organizationId)) {
      if (organizationId === null) await insertSamples(ctx, tx, some);
      else await asTenant(tx, organizationId, (inner) => seedTenant(ctx, inner, organizationId, some));
    }
  });
}

async function seedTenant(ctx: Context, tx: Db, organizationId: string, samples: readonly Sample[]): Promise<void> {
  const members = demoSellers.find(({ id }) => id === organizationId)?.members ?? [];
  const rows = members
    .flatMap((index) => demoPeople.slice(index, index + 1))
    .map(({ id }) => ({ organizationId, userId: id, status: 'ACTIVE' as const, epoch: 0 }));
  await tx.insert(tenantMembers).values(rows).onConflictDoNothing();
  await insertSamples(ctx, tx, samples);
}

async function insertSamples(ctx: Context, tx: Db, samples: readonly Sample[]): Promise<void> {
  await tx.insert(conversations).values(samples.map(({ conversation }) => conversation));
  await tx.insert(participants).values(samples.flatMap((sample) => sample.participants));
  await tx.insert(messages).values(samples.flatMap((sample) => sample.messages));
  await tx.insert(reactions).values(samples.flatMap((sample) => sample.reactions));
  for (const { conversation } of samples) {
    const { id: conversationId, organizationId, kind } = conversation;
    await emit(ctx, tx, outbox, conversationCreated, { conversationId, organizationId, kind, subject: null }, { organizationId });
  }
}
