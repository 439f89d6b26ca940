import type { IncomingMessage, ServerResponse } from 'node:http';

/** A cookie's value, or undefined. */
export function readCookie({ headers }: IncomingMessage, name: string): string | undefined {
  for (const part of (headers.cookie ?? '').split(';')) {
    const [key, ...value] = part.trim().split('=');
    if (key === name) return value.join('=');
  }
  return undefined;
}

export interface NewCookie {
  readonly name: string;
  /** Of characters that need no escaping. */
  readonly value: string;
  readonly path: string;
  /** In seconds; 0 takes it away. */
  readonly maxAge: number;
}

/** Sets a cookie that no script reads and that other sites' forms do not bring; only over TLS where we are reached so. */
export function setCookie(response: ServerResponse, { name, value, path, maxAge }: NewCookie, publicUrl: string): void {
  const secure = publicUrl.startsWith('https:') ? '; Secure' : '';
  response.appendHeader('set-cookie', `${name}=${value}; Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}`);
}
