const longest = 2_000;
const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);
/** They mean something to the browser itself, or to its files. */
const ofBrowsers = /^(about|blob|chrome|data|file|filesystem|javascript|view-source|ws|wss|ftp|mailto|tel):$/;

/**
 * Whether people's browsers may be sent there with a code: https; http where it stays on the device; or a scheme of an
 * app's own, in the form of a reversed domain (RFC 8252, 7.1). Exactly as it is written: no part stands for another.
 */
export function isRedirectUri(uri: string): boolean {
  if (uri.length > longest || !URL.canParse(uri) || /[*#\\\s\p{Cc}]/u.test(uri)) return false;
  const { protocol, username, password, hostname } = new URL(uri);
  if (username || password) return false;
  if (protocol === 'https:') return hostname !== '';
  if (protocol === 'http:') return loopback.has(hostname);
  return !ofBrowsers.test(protocol) && protocol.includes('.');
}
