import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { withoutDeadline } from '@supergraph/platform/deadline';
import { type RouteHandler, refuseRoute } from '@supergraph/platform/routes';
import { canStepUp } from '@supergraph/platform/step-up';
import type { Context } from '../../context.ts';
import type { Loaders } from '../../loaders.ts';
import { canUseTokens } from '../../policy.ts';
import { isSigned, sign } from '../../secrets.ts';
import { type DataExport, type ExportFile, findExport, findFile } from '../../store/exports.ts';
import { findUsers } from '../../store/users.ts';
import { record } from '../audit.ts';
import { minuteMs } from '../shared.ts';
import { readParts } from './parts.ts';
import { exportsPath } from './path.ts';
import { type OwnFile, statusOf } from './request.ts';

const purpose = 'data-export-link';
const linkMs = 15 * minuteMs;
const place = new RegExp(`^${exportsPath}([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(([a-z]+)-([a-z-]+)\\.json)$`);

/** What a file is called when it is saved. */
export const fileName = ({ domain, holding }: Pick<ExportFile, 'domain' | 'holding'>): string => `${domain}-${holding}.json`;

/** What a link vouches for: this file of this export of this person, until then. */
const vouched = ({ id, userId }: Pick<DataExport, 'id' | 'userId'>, name: string, expires: string): string =>
  [id, userId, name, expires].join('\n');

/** Where a file can be downloaded for 15 minutes; null unless the viewer asks in a session of their own. */
export function linkTo(ctx: Context, file: OwnFile): string | null {
  if (!ctx.viewer || !canStepUp(ctx.viewer)) return null;
  const name = fileName(file);
  const expires = String(ctx.now().getTime() + linkMs);
  const signature = sign(ctx.settings.internalKey, purpose, vouched(file.of, name, expires));
  return `${ctx.settings.publicUrl}${exportsPath}${file.of.id}/${name}?${new URLSearchParams({ expires, signature }).toString()}`;
}

/** The file that a link leads to; undefined when anything about it does not hold, whatever that is. */
async function fileAt(ctx: Context, url: URL): Promise<{ readonly found: DataExport; readonly file: ExportFile } | undefined> {
  const [, id = '', name = '', domain = '', holding = ''] = place.exec(url.pathname) ?? [];
  const { expires = '', signature = '' } = Object.fromEntries(url.searchParams);
  if (!id || !/^\d{1,15}$/.test(expires) || Number(expires) <= ctx.now().getTime()) return undefined;
  const found = await findExport(ctx.db, id);
  if (!found || statusOf(ctx, found) !== 'READY') return undefined;
  if (!isSigned(ctx.settings.internalKey, purpose, vouched(found, name, expires), signature)) return undefined;
  // Whoever may not sign in any more gets nothing by a link of before.
  const [user] = await findUsers(ctx.db, [found.userId]);
  if (!user || !canUseTokens(user)) return undefined;
  const file = await findFile(ctx.db, id, domain, holding);
  return file ? { found, file } : undefined;
}

/** Answers a signed link with the file; nothing else has to be shown. */
export const answerDownload: RouteHandler<Loaders> = async (request, response, ctx) => {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return refuseRoute(response, 405, 'BAD_REQUEST', 'send a GET');
  }
  const at = await fileAt(ctx, new URL(request.url ?? '/', ctx.settings.publicUrl));
  if (!at) return refuseRoute(response, 404, 'NOT_FOUND', 'this link is no longer valid; ask for another one');
  const { found, file } = at;
  const details = { file: fileName(file) };
  if (request.method === 'GET')
    await ctx.db.transaction((tx) => record(ctx, tx, { name: 'data_export.downloaded', actorId: found.userId, target: found.id, details }));
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': file.bytes,
    'content-disposition': `attachment; filename="${fileName(file)}"`,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  });
  if (request.method === 'HEAD') return void response.end();
  // A slow line may take longer than a request is otherwise allowed to.
  await withoutDeadline(() => pipeline(Readable.from(readParts(ctx, file)), response)).catch((error: NodeJS.ErrnoException) => {
    // Whoever asked has left.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
};
