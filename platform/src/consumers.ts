import { lt } from 'drizzle-orm';
import type { Consumer } from './bus.ts';
import type { deadLetterTable, inboxTable } from './columns.ts';
import type { RequestContext } from './context.ts';
import type { Db } from './database.ts';
import { type Envelope, type EventContract, fits } from './events.ts';
import { maskSecrets } from './log.ts';
import { openingTenant } from './tenants.ts';
import { recordWork, SpanKind, type Stretch } from './tracing.ts';

/** What a domain does when an event arrives. It writes only its own tables, inside `tx`. */
export interface ConsumerDefinition {
  readonly contract: EventContract<never>;
  readonly handle: (ctx: RequestContext<never>, tx: Db, event: Envelope<never>) => Promise<void>;
}

/**
 * Declares a consumer. `handle` runs once per event id, in the transaction that also notes the id; the tenant of the
 * event is set for row-level security. It drops what is older than what it has (compare `version`s).
 */
export const on = <Payload, L = never>(
  contract: EventContract<Payload>,
  handle: (ctx: RequestContext<L>, tx: Db, event: Envelope<Payload>) => Promise<void>,
): ConsumerDefinition => ({ contract, handle }) as unknown as ConsumerDefinition;

interface Rooms {
  readonly domain: string;
  readonly db: Db;
  readonly inbox: ReturnType<typeof inboxTable>;
  readonly deadLetters: ReturnType<typeof deadLetterTable>;
  readonly definitions: readonly ConsumerDefinition[];
  readonly contextFor: (envelope: Envelope, traceparent: string | null) => RequestContext<never>;
}

/** Joins a domain's consumers into the one that the event engine delivers to. */
export function toConsumer({ domain, db, inbox, deadLetters, definitions, contextFor }: Rooms): Consumer {
  return {
    name: domain,
    patterns: [...new Set(definitions.map(({ contract }) => contract.name))],
    handle: (envelope) =>
      recordWork(`handle ${envelope.name}`, envelope.traceparent, stretchOf(domain, envelope), (traceparent) =>
        db.transaction(async (tx) => {
          const door = openingTenant(tx, envelope.organizationId);
          const [first] = await tx
            .insert(inbox)
            .values({ consumer: domain, eventId: envelope.eventId })
            .onConflictDoNothing()
            .returning(door.settings);
          if (!first) return;
          door.noteOpened();
          for (const { contract, handle } of definitions) {
            if (!fits(contract.name, envelope.name)) continue;
            const payload = contract.payload.parse(envelope.payload);
            await handle(contextFor(envelope, traceparent), tx, { ...envelope, payload });
          }
        }),
      ),
    setAside: async (envelope, reason, attempts) => {
      const sentence = maskSecrets(reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason)).slice(0, 2_000);
      await db
        .insert(deadLetters)
        .values({ consumer: domain, eventId: envelope.eventId, name: envelope.name, envelope, reason: sentence, attempts });
      contextFor(envelope, envelope.traceparent).log.error(
        { event: envelope.name, eventId: envelope.eventId, consumer: domain, attempts, error: reason },
        'an event was set aside; mend its cause, then deliver it again',
      );
    },
  };
}

const stretchOf = (domain: string, { name, eventId }: Envelope): Stretch => ({
  kind: SpanKind.CONSUMER,
  attributes: { 'messaging.destination.name': name, 'messaging.message.id': eventId, subgraph: domain },
});

const keptDays = 30;

/** Forgets which events were handled more than 30 days ago, long after the last repeat; returns how many rows went. */
export async function sweepInbox(db: Db, inbox: ReturnType<typeof inboxTable>, now: Date): Promise<number> {
  const old = new Date(now.getTime() - keptDays * 86_400_000);
  const gone = await db.delete(inbox).where(lt(inbox.receivedAt, old)).returning({ eventId: inbox.eventId });
  return gone.length;
}
