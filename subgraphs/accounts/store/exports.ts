import { dataExportFiles, dataExportParts, dataExports } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, desc, eq, inArray, isNull, lte, sql } from 'drizzle-orm';

export type DataExport = typeof dataExports.$inferSelect;
export type ExportFile = typeof dataExportFiles.$inferSelect;

/** Inserts an export that is to be prepared. */
export async function insertExport(tx: Db, userId: string, requestedAt: Date): Promise<DataExport> {
  const [made] = await tx.insert(dataExports).values({ userId, requestedAt }).returning();
  if (!made) throw new Error('the insert gave no row back');
  return made;
}

/** An export, or null. */
export async function findExport(db: Db, id: string): Promise<DataExport | null> {
  const [found] = await db.select().from(dataExports).where(eq(dataExports.id, id));
  return found ?? null;
}

/** A person's exports, newest first. */
export const listExports = (db: Db, userId: string, limit: number): Promise<DataExport[]> =>
  db.select().from(dataExports).where(eq(dataExports.userId, userId)).orderBy(desc(dataExports.requestedAt)).limit(limit);

/** Moves an export from one status to another; null when it is not in the first, or gone. */
export async function moveExport(
  tx: Db,
  id: string,
  from: DataExport['status'],
  changes: Partial<Pick<DataExport, 'status' | 'attempts' | 'readyAt' | 'expiresAt'>>,
): Promise<DataExport | null> {
  const [moved] = await tx
    .update(dataExports)
    .set(changes)
    .where(and(eq(dataExports.id, id), eq(dataExports.status, from)))
    .returning();
  return moved ?? null;
}

/** The files of many exports, in the order of domains and names. */
export const listFiles = (db: Db, exportIds: readonly string[]): Promise<ExportFile[]> =>
  db
    .select()
    .from(dataExportFiles)
    .where(inArray(dataExportFiles.exportId, [...exportIds]))
    .orderBy(asc(dataExportFiles.domain), asc(dataExportFiles.holding));

/** A file by its names, or null. */
export async function findFile(db: Db, exportId: string, domain: string, name: string): Promise<ExportFile | null> {
  const [found] = await db
    .select()
    .from(dataExportFiles)
    .where(and(eq(dataExportFiles.exportId, exportId), eq(dataExportFiles.domain, domain), eq(dataExportFiles.holding, name)));
  return found ?? null;
}

/** Notes the collections of a domain, unless they are known; gives back those that are not complete. */
export async function openFiles(
  tx: Db,
  exportId: string,
  domain: string,
  holdings: readonly { readonly name: string; readonly description: string }[],
): Promise<ExportFile[]> {
  if (holdings.length > 0)
    await tx
      .insert(dataExportFiles)
      .values(holdings.map(({ name, description }) => ({ exportId, domain, holding: name, description })))
      .onConflictDoNothing();
  return tx
    .select()
    .from(dataExportFiles)
    .where(and(eq(dataExportFiles.exportId, exportId), eq(dataExportFiles.domain, domain), isNull(dataExportFiles.completedAt)))
    .orderBy(asc(dataExportFiles.holding));
}

/** Adds a part to a file; null when somebody else did, or the export is gone. The export's size as it is now comes with it. */
export async function appendPart(
  tx: Db,
  { id, exportId, parts }: ExportFile,
  part: { readonly sealed: Buffer; readonly bytes: number; readonly next: string | null; readonly now: Date },
): Promise<{ readonly file: ExportFile; readonly exportBytes: number } | null> {
  const [preparing] = await tx
    .select({ bytes: dataExports.bytes })
    .from(dataExports)
    .where(and(eq(dataExports.id, exportId), eq(dataExports.status, 'PREPARING')))
    .for('update');
  if (!preparing) return null;
  const [file] = await tx
    .update(dataExportFiles)
    .set({
      parts: parts + 1,
      bytes: sql`${dataExportFiles.bytes} + ${part.bytes}`,
      next: part.next,
      completedAt: part.next === null ? part.now : null,
    })
    .where(and(eq(dataExportFiles.id, id), eq(dataExportFiles.parts, parts)))
    .returning();
  if (!file) return null;
  await tx.insert(dataExportParts).values({ fileId: id, position: parts, sealed: part.sealed });
  const exportBytes = preparing.bytes + part.bytes;
  await tx.update(dataExports).set({ bytes: exportBytes }).where(eq(dataExports.id, exportId));
  return { file, exportBytes };
}

/** A part of a file, or null. */
export async function findPart(db: Db, fileId: string, position: number): Promise<Buffer | null> {
  const [found] = await db
    .select({ sealed: dataExportParts.sealed })
    .from(dataExportParts)
    .where(and(eq(dataExportParts.fileId, fileId), eq(dataExportParts.position, position)));
  return found?.sealed ?? null;
}

/** Removes the files of an export; the export itself stays for a while, so that it is known that there was one. */
export async function deleteFiles(tx: Db, exportId: string): Promise<void> {
  await tx.delete(dataExportFiles).where(eq(dataExportFiles.exportId, exportId));
}

/** Exports that are still prepared, the longest waiting first. */
export const listPreparing = (db: Db, limit: number): Promise<DataExport[]> =>
  db.select().from(dataExports).where(eq(dataExports.status, 'PREPARING')).orderBy(asc(dataExports.requestedAt)).limit(limit);

/** Exports whose files are to be removed now. */
export const listExpired = (db: Db, now: Date, limit: number): Promise<DataExport[]> =>
  db
    .select()
    .from(dataExports)
    .where(and(eq(dataExports.status, 'READY'), lte(dataExports.expiresAt, now)))
    .limit(limit);

/** Forgets exports that were asked for long ago. */
export async function sweepExports(db: Db, before: Date): Promise<void> {
  await db.delete(dataExports).where(and(lte(dataExports.requestedAt, before), inArray(dataExports.status, ['FAILED', 'EXPIRED'])));
}
