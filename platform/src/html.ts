import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RuntimeSettings } from './config.ts';

/** Text in an HTML document or in the quotes of an attribute. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const styles = `
:root{color-scheme:light dark;--ink:#18181b;--paper:#fff;--ground:#f4f4f5;--soft:#52525b;--line:#71717a;--accent:#1d4ed8;--wrong:#b91c1c}
@media(prefers-color-scheme:dark){:root{--ink:#f4f4f5;--paper:#18181b;--ground:#09090b;--soft:#a1a1aa;--line:#71717a;--accent:#93c5fd;--wrong:#fca5a5}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{width:100%;max-width:26rem;padding:2rem;border-radius:.75rem;background:var(--paper)}
h1{margin:0 0 1rem;font-size:1.375rem;line-height:1.3}
p{margin:0 0 1rem}
a{color:var(--accent)}
form{margin:0 0 1rem}
label{display:block;margin:0 0 .25rem;font-weight:600}
input[type=text],input[type=email],input[type=password]{width:100%;margin:0 0 1rem;padding:.625rem;border:1px solid var(--line);border-radius:.5rem;background:var(--paper);color:var(--ink);font:inherit}
fieldset{margin:0 0 1rem;padding:0;border:0}
legend{padding:0;font-weight:600}
fieldset label{font-weight:400}
button,.button{display:block;width:100%;margin:0 0 .75rem;padding:.625rem 1rem;border:1px solid var(--ink);border-radius:.5rem;background:var(--ink);color:var(--paper);font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
button.second,.button.second{background:transparent;color:var(--ink)}
ul{margin:0 0 1rem;padding-left:1.25rem}
.soft{color:var(--soft)}
.wrong{padding:.625rem .75rem;border-left:.25rem solid var(--wrong);color:var(--wrong)}
:focus-visible{outline:.1875rem solid var(--accent);outline-offset:.125rem}
[hidden]{display:none}
`;

/** A whole page; title and body hold HTML already. */
export const layOut = (title: string, body: string, script = ''): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${styles}</style></head>
<body><main>
<h1>${title}</h1>
${body}
</main>${script ? `<script src="${script}" defer></script>` : ''}</body>
</html>
`;

/** What `form-action` calls an address: its origin, or the scheme of an app's own. */
export function formTargetOf(uri: string): string {
  const { origin, protocol } = new URL(uri);
  return origin === 'null' ? protocol : origin;
}

/** The headers of a page: nothing from elsewhere runs or shows it, nobody keeps it. Forms go where `formTargets` say. */
export const pageHeaders = (formTargets: readonly string[] = []): Record<string, string> => ({
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  // Without any, browsers would not say either that a form comes from our own page.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'content-security-policy': contentPolicy(formTargets),
});

/** What a page may load and run, and where its forms may lead. */
export const contentPolicy = (formTargets: readonly string[] = []): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'unsafe-inline'",
    'img-src https: data:',
    "base-uri 'none'",
    // Browsers hold the address that a form's answer leads to against this as well.
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "frame-ancestors 'none'",
  ].join('; ');

/** Forms of other sites get nowhere; browsers say where one comes from. */
export const isFromOurPage = ({ headers }: IncomingMessage, { publicUrl }: Pick<RuntimeSettings, 'publicUrl'>): boolean =>
  headers.origin === new URL(publicUrl).origin && (headers['sec-fetch-site'] ?? 'same-origin') === 'same-origin';

/** Sends a page, with the headers that belong to it; `formTargets` are where its forms may lead besides us. */
export const sendPage = (response: ServerResponse, status: number, html: string, formTargets: readonly string[] = []): void =>
  void response.writeHead(status, pageHeaders(formTargets)).end(html);

const largestForm = 65_536;

/** The fields of a form that was sent; null when they are too many. */
export async function readForm(request: IncomingMessage, response: ServerResponse): Promise<URLSearchParams | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestForm) {
      // What is left of it would be in the way of the next request.
      response.setHeader('connection', 'close');
      return null;
    }
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
