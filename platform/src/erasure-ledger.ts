import { and, asc, eq, isNull, lte } from 'drizzle-orm';
import type { AnswersTable, KeepersTable } from './columns.ts';
import type { Db } from './database.ts';

/** Who was asked to erase a subject, and has. */
export interface Asked {
  readonly domain: string;
  readonly askedAt: Date;
  /** When the domain answered; null while it has not. */
  readonly doneAt: Date | null;
}

/** The book of whoever gives tenants or people up: who keeps rows of them, and who has erased which. */
export interface ErasureLedger {
  /** Notes that a domain keeps rows of such subjects. */
  noteKeeper(tx: Db, domain: string, heardAt: Date): Promise<void>;
  /** The domains that keep rows of such subjects, in the order of their names. */
  listKeepers(db: Db): Promise<string[]>;
  /** Notes whose answers the erasure of a subject waits for: all who keep rows now. */
  begin(tx: Db, subjectId: string, askedAt: Date): Promise<void>;
  /** Who was asked to erase a subject, in the order of their names. */
  list(db: Db, subjectId: string): Promise<Asked[]>;
  /** Notes that a domain has erased a subject; a second answer changes nothing. */
  close(tx: Db, subjectId: string, domain: string, doneAt: Date): Promise<void>;
  /** The domains that have been silent about a subject since then, which count as asked now. */
  askSilentAgain(tx: Db, subjectId: string, since: Date, now: Date): Promise<string[]>;
  /** Subjects about which somebody has been silent since then. */
  listOverdue(db: Db, since: Date, limit: number): Promise<string[]>;
}

/** Keeps the book in a domain's own two tables. */
export function erasureLedger(keepers: KeepersTable, answers: AnswersTable): ErasureLedger {
  const listKeepers = async (db: Db): Promise<string[]> => {
    const rows = await db.select({ domain: keepers.domain }).from(keepers).orderBy(asc(keepers.domain));
    return rows.map(({ domain }) => domain);
  };
  const silentSince = (since: Date) => and(isNull(answers.doneAt), lte(answers.askedAt, since));
  return {
    listKeepers,
    async noteKeeper(tx, domain, heardAt) {
      await tx.insert(keepers).values({ domain, heardAt }).onConflictDoUpdate({ target: keepers.domain, set: { heardAt } });
    },
    async begin(tx, subjectId, askedAt) {
      const domains = await listKeepers(tx);
      if (domains.length === 0) return;
      await tx
        .insert(answers)
        .values(domains.map((domain) => ({ subjectId, domain, askedAt })))
        .onConflictDoNothing();
    },
    list: (db, subjectId) =>
      db
        .select({ domain: answers.domain, askedAt: answers.askedAt, doneAt: answers.doneAt })
        .from(answers)
        .where(eq(answers.subjectId, subjectId))
        .orderBy(asc(answers.domain)),
    async close(tx, subjectId, domain, doneAt) {
      await tx
        .update(answers)
        .set({ doneAt })
        .where(and(eq(answers.subjectId, subjectId), eq(answers.domain, domain), isNull(answers.doneAt)));
    },
    async askSilentAgain(tx, subjectId, since, now) {
      const rows = await tx
        .update(answers)
        .set({ askedAt: now })
        .where(and(eq(answers.subjectId, subjectId), silentSince(since)))
        .returning({ domain: answers.domain });
      return rows.map(({ domain }) => domain).toSorted();
    },
    async listOverdue(db, since, limit) {
      const rows = await db
        .selectDistinct({ subjectId: answers.subjectId })
        .from(answers)
        .where(silentSince(since))
        .orderBy(asc(answers.subjectId))
        .limit(limit);
      return rows.map(({ subjectId }) => subjectId);
    },
  };
}
