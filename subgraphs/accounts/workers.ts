import { defineWorker, type WorkerDefinition } from '@supergraph/platform/workers';
import { z } from 'zod';
import type { Context } from './context.ts';
import { mailSweeper, mailWorker } from './mail/queue.ts';
import { expiryWarner } from './service/access-tokens/manage.ts';
import { erasureSweeper, erasureWorker } from './service/deletion.ts';
import { reminder } from './service/erasures.ts';
import { collector, exportKeeper } from './service/exports/collect.ts';
import { endExpiredSessions } from './service/sessions.ts';
import { sweepMail } from './store/mail.ts';
import { sweepCounters } from './store/records.ts';
import { keyKeeper } from './service/signing-keys.ts';
import { sweepAccessTokens } from './store/access-tokens.ts';
import { keepAuditMonths } from './store/audit.ts';
import { sweepDevices } from './store/devices.ts';
import { sweepEmailChanges } from './store/email-changes.ts';
import { sweepVisits } from './store/external.ts';
import { sweepFactors } from './store/factors.ts';
import { sweepArtifacts } from './store/oauth-artifacts.ts';
import { sweepChallenges } from './store/passkeys.ts';
import { sweepRegistrations } from './store/registrations.ts';
import { sweepSessions } from './store/sessions.ts';

const dayMs = 24 * 3_600_000;

/** Ends what is over and forgets what nobody needs any more. */
const sweeper = defineWorker<Record<string, never>, Context['loaders']>({
  name: 'sweep-leftovers',
  data: z.strictObject({}),
  schedule: '41 * * * *',
  run: async (ctx) => {
    const yesterday = new Date(ctx.now().getTime() - dayMs);
    await endExpiredSessions(ctx);
    await sweepRegistrations(ctx.db, ctx.now());
    await sweepSessions(ctx.db, yesterday);
    await sweepCounters(ctx.db, yesterday);
    await sweepMail(ctx.db, new Date(ctx.now().getTime() - 30 * dayMs));
    await sweepEmailChanges(ctx.db, new Date(ctx.now().getTime() - 7 * dayMs));
    await sweepFactors(ctx.db, yesterday);
    await sweepChallenges(ctx.db, yesterday);
    await sweepDevices(ctx.db, ctx.now());
    await sweepVisits(ctx.db, ctx.now());
    await sweepArtifacts(ctx.db, ctx.now(), yesterday);
    await sweepAccessTokens(ctx.db, new Date(ctx.now().getTime() - 30 * dayMs));
  },
});

/** The audit log's months come and go. */
const auditKeeper = defineWorker<Record<string, never>, Context['loaders']>({
  name: 'keep-audit-months',
  data: z.strictObject({}),
  schedule: '23 3 * * *',
  run: (ctx) => keepAuditMonths(ctx.db),
});

export const workers = [
  auditKeeper,
  expiryWarner,
  keyKeeper,
  mailWorker,
  mailSweeper,
  erasureWorker,
  erasureSweeper,
  reminder,
  collector,
  exportKeeper,
  sweeper,
] as readonly WorkerDefinition<never>[];
