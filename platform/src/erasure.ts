import type { z } from 'zod';
import type { OutboxTable } from './columns.ts';
import { type ConsumerDefinition, on } from './consumers.ts';
import type { RequestContext } from './context.ts';
import type { Db } from './database.ts';
import type { EventContract, EventOrigin } from './events.ts';
import { emit } from './outbox.ts';
import { defineWorker, type WorkerDefinition } from './workers.ts';

/** What is told between whoever gives something up, such as a tenant or a person, and those who keep rows of it. */
export interface ErasureEvents<Subject extends object> {
  /** Whoever gives them up wants to know who keeps rows of them. */
  readonly asked: EventContract<{ domain: string }>;
  /** The answer, sent at each start as well: whichever of the two starts first, the other hears of it. */
  readonly kept: EventContract<{ domain: string }>;
  readonly deleted: EventContract<Subject>;
  /** These domains are asked again. */
  readonly overdue: EventContract<Subject & { domains: string[] }>;
  readonly erased: EventContract<Subject>;
}

/** How a domain erases what it keeps of one subject. */
export interface Eraser<Subject extends object> {
  readonly events: ErasureEvents<Subject>;
  /** The worker's name, unique in the domain. */
  readonly name: string;
  /** Reads the subject out of an event, and out of the worker's data. */
  readonly subject: z.ZodType<Subject>;
  readonly idOf: (subject: Subject) => string;
  /** The tenant that the answer speaks of. */
  readonly organizationOf: (subject: Subject) => string | null;
  /** One transaction's worth of erasing; whether some may be left. It may find that rows are gone. */
  readonly step: (ctx: RequestContext<never>, subject: Subject) => Promise<boolean>;
}

export interface RunningEraser {
  readonly consumers: readonly ConsumerDefinition[];
  readonly worker: WorkerDefinition<never>;
  /** To be called when the consumers are there. */
  readonly announce: (ctx: RequestContext) => Promise<void>;
}

/** The consumers and the worker of a domain that keeps rows of such subjects: it erases step by step, and then answers. */
export function runEraser<Subject extends object>(domain: string, outbox: OutboxTable, eraser: Eraser<Subject>): RunningEraser {
  const { events, name, subject: data, idOf, organizationOf, step } = eraser;
  const tell = (ctx: EventOrigin, tx: Db) => emit(ctx, tx, outbox, events.kept, { domain }, { organizationId: null });
  const worker = defineWorker<Subject>({
    name,
    data,
    run: async (ctx, subject) => {
      while (await step(ctx, subject)) ctx.signal.throwIfAborted();
      await ctx.db.transaction((tx) => emit(ctx, tx, outbox, events.erased, subject, { organizationId: organizationOf(subject) }));
    },
  });
  const begin = (ctx: RequestContext<never>, tx: Db, payload: Subject) => {
    const subject = data.parse(payload);
    return ctx.workers.enqueue(tx, worker, subject, { singletonKey: idOf(subject) });
  };
  return {
    consumers: [
      on(events.asked, tell),
      on(events.deleted, (ctx, tx, { payload }) => begin(ctx, tx, payload)),
      on(events.overdue, async (ctx, tx, { payload }) => {
        if (payload.domains.includes(domain)) await begin(ctx, tx, payload);
      }),
    ],
    worker,
    announce: (ctx) => ctx.db.transaction((tx) => tell(ctx, tx)),
  };
}
