import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the page is told: sample people, organizations and operations. */
export interface PlaygroundPage {
  readonly password: string;
  readonly people: readonly { readonly email: string; readonly name: string; readonly role?: string }[];
  readonly organizations: readonly { readonly id: string; readonly name: string }[];
  readonly samples: readonly { readonly query: string; readonly variables?: string }[];
}

const source = fileURLToPath(new URL('../playground/', import.meta.url));
const mediaTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.ttf': 'font/ttf',
  '.map': 'application/json',
};
const contentSecurity = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The playground: GraphiQL, served from this machine alone. It is bundled when the first visitor comes and kept under
 * `node_modules/.cache` until its sources or their versions change. The handler answers whether the path was its own.
 */
export function createPlayground(page: PlaygroundPage): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  let bundle: Promise<string> | undefined;
  const html = pageOf(page);
  return async (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    if (path === '/') {
      send(response, 200, 'text/html; charset=utf-8', html);
      return true;
    }
    if (!path.startsWith('/playground/')) return false;
    bundle ??= bundleInto(cacheDirectory());
    const directory = await bundle.catch((error: unknown) => {
      bundle = undefined;
      throw error;
    });
    const name = path.slice('/playground/'.length);
    if (!readdirSync(directory).includes(name)) return false;
    send(response, 200, mediaTypes[extname(name)] ?? 'application/octet-stream', await readFile(join(directory, name)));
    return true;
  };
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'content-security-policy': contentSecurity,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  });
  response.end(body);
}

// A closing tag or a comment inside a sample must not end the script element.
const embedded = (page: PlaygroundPage) => JSON.stringify(page).replaceAll('<', String.raw`\u003c`);

const pageOf = (page: PlaygroundPage) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Supergraph playground</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/playground/main.css" />
  </head>
  <body>
    <div id="app"></div>
    <script type="application/json" id="page">${embedded(page)}</script>
    <script type="module" src="/playground/main.js"></script>
  </body>
</html>
`;

const require = createRequire(import.meta.url);

function cacheDirectory(): string {
  const hash = createHash('sha256').update(readFileSync(require.resolve('graphiql/package.json').replace('package.json', 'dist/index.js')));
  for (const file of readdirSync(source).toSorted()) hash.update(readFileSync(join(source, file)));
  return join(fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url)), `playground-${hash.digest('hex').slice(0, 16)}`);
}

async function bundleInto(directory: string): Promise<string> {
  if (existsSync(join(directory, 'main.js'))) return directory;
  // Written aside and then renamed, so that a half-written bundle is never served.
  const aside = `${directory}.${process.pid}`;
  const { build } = await import('esbuild');
  await build({
    entryPoints: {
      main: join(source, 'main.tsx'),
      'editor.worker': require.resolve('monaco-editor/esm/vs/editor/editor.worker.js'),
      'json.worker': require.resolve('monaco-editor/esm/vs/language/json/json.worker.js'),
      'graphql.worker': require.resolve('monaco-graphql/esm/graphql.worker.js'),
    },
    outdir: aside,
    bundle: true,
    minify: true,
    format: 'esm',
    jsx: 'automatic',
    loader: { '.ttf': 'file' },
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  });
  await rename(aside, directory).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    await rm(aside, { recursive: true });
  });
  return directory;
}
