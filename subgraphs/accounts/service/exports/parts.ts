import { gunzipSync, gzipSync } from 'node:zlib';
import type { Context } from '../../context.ts';
import { openBytes, sealBytes } from '../../secrets.ts';
import { type ExportFile, findPart } from '../../store/exports.ts';

/** Bound to its place, so that no part can stand for another. */
const purposeOf = (fileId: string, position: number): string => `data-export:${fileId}:${position}`;

/** A stretch of a file as it is kept, and its length as JSON; all stretches in a row are one JSON list. */
export function makePart(
  ctx: Pick<Context, 'settings'>,
  { id, parts }: Pick<ExportFile, 'id' | 'parts'>,
  { rows, isLast }: { readonly rows: readonly unknown[]; readonly isLast: boolean },
): { readonly sealed: Buffer; readonly bytes: number } {
  const isFirst = parts === 0;
  const body = rows.map((row, index) => `${isFirst && index === 0 ? '' : ','}\n${JSON.stringify(row)}`).join('');
  const text = Buffer.from(`${isFirst ? '[' : ''}${body}${isLast ? '\n]\n' : ''}`, 'utf8');
  return { sealed: sealBytes(ctx.settings.internalKey, purposeOf(id, parts), gzipSync(text)), bytes: text.byteLength };
}

/** The text of a file, stretch by stretch. */
export async function* readParts(
  ctx: Pick<Context, 'settings' | 'db'>,
  { id, parts }: Pick<ExportFile, 'id' | 'parts'>,
): AsyncGenerator<Buffer> {
  for (let position = 0; position < parts; position += 1) {
    const sealed = await findPart(ctx.db, id, position);
    if (!sealed) throw new Error('a part of an export is gone');
    yield gunzipSync(openBytes(ctx.settings.internalKey, purposeOf(id, position), sealed));
  }
}
