import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { RuntimeSettings } from '@supergraph/platform/config';
import { readCapturedMail } from './captured-mail.ts';

const mostShown = 100;
const contentSecurity = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Shows the mails that were captured in place of being sent, with their secret links: for development alone. The
 * handler answers whether the path was its own.
 */
export function createMailPage(
  settings: Pick<RuntimeSettings, 'dataDirectory' | 'publicUrl'>,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  const folder = join(settings.dataDirectory, 'mail');
  const hosts = new Set(['localhost', '127.0.0.1', '[::1]', new URL(settings.publicUrl).hostname]);
  return async (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (request.method !== 'GET' || (path !== '/mail' && !path.startsWith('/mail/'))) return false;
    // A page elsewhere whose name is made to lead here must not read them.
    if (!hosts.has((request.headers.host ?? '').replace(/:\d+$/, ''))) return false;
    const names = listNames(folder);
    if (path === '/mail') {
      send(response, await listPage(folder, names.slice(0, mostShown)));
      return true;
    }
    const name = names.find((known) => path === `/mail/${known}`);
    if (!name) return false;
    send(response, onePage(await readFile(join(folder, name), 'utf8')));
    return true;
  };
}

/** The newest first. */
function listNames(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => /^[\w.-]+\.eml$/.test(name));
  const times = new Map(files.map((name) => [name, statSync(join(folder, name)).mtimeMs]));
  return files.toSorted((a, b) => (times.get(b) ?? 0) - (times.get(a) ?? 0) || (a < b ? 1 : -1));
}

async function listPage(folder: string, names: readonly string[]): Promise<string> {
  const rows = await Promise.all(
    names.map(async (name) => {
      const { to, subject, date } = readCapturedMail(await readFile(join(folder, name), 'utf8'));
      return `<tr><td><a href="/mail/${name}">${escaped(subject)}</a></td><td>${escaped(to)}</td><td>${escaped(date)}</td></tr>`;
    }),
  );
  const empty = '<p>Nothing yet. Sign up, or ask for a new password: the mail shows here.</p>';
  return page('Captured mails', rows.length > 0 ? `<table>${rows.join('\n')}</table>` : empty, true);
}

function onePage(source: string): string {
  const { to, subject, date, text } = readCapturedMail(source);
  // Whatever looks like a link is one.
  const body = escaped(text).replace(/https?:\/\/[^\s<]+/g, (url) => `<a href="${url}">${url}</a>`);
  const head = `<p class="facts">to ${escaped(to)}, ${escaped(date)}</p>`;
  return page(subject, `${head}<pre>${body}</pre><p><a href="/mail">All mails</a></p>`);
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (title: string, body: string, refreshes = false): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
${refreshes ? '<meta http-equiv="refresh" content="5">' : ''}
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; color-scheme: light dark }
table { border-collapse: collapse; width: 100% } td { padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884 }
pre { white-space: pre-wrap; overflow-wrap: anywhere } .facts { opacity: .7 }
</style>
</head>
<body><h1>${escaped(title)}</h1>${body}</body>
</html>
`;

function send(response: ServerResponse, html: string): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(html),
    'content-security-policy': contentSecurity,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  response.end(html);
}
