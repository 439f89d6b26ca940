import {
  changeLog,
  conversations,
  messages,
  messageVersions,
  participants,
  quotaLimits,
  reactions,
  tenantMembers,
} from '@supergraph/db/chat/tables';
import type { Db } from '@supergraph/platform/database';
import { deleteInOrder } from '@supergraph/platform/tenant-erasure';
import { asc, eq } from 'drizzle-orm';

/** What belongs to a conversation, and then itself; by its id, for which there are indexes. */
const rooms = [reactions, messageVersions, changeLog, messages, participants].map(({ conversationId }) => conversationId);

/** Removes about so many rows of a deleted tenant, conversation by conversation; whether some may be left. */
export async function eraseTenantRows(tx: Db, organizationId: string, most: number): Promise<boolean> {
  const [first] = await tx
    .select({ id: conversations.id })
    .from(conversations)
    .where(eq(conversations.organizationId, organizationId))
    .orderBy(asc(conversations.id))
    .limit(1);
  if (!first) return deleteInOrder(tx, [quotaLimits.organizationId, tenantMembers.organizationId], organizationId, most);
  await deleteInOrder(tx, [...rooms, conversations.id], first.id, most);
  return true;
}
