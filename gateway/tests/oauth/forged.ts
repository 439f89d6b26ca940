import { once } from 'node:events';
import { createHmac } from 'node:crypto';
import { decodeJwt, exportSPKI, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { WebSocket } from 'ws';
import { createTestKey, type TestKey } from '../../testing.ts';

export const origin = 'http://graph.test';
export const now = () => Math.floor(Date.now() / 1_000);
export const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
export const unsigned = (header: object, payload: unknown, signature = '') => `${encode(header)}.${encode(payload)}.${signature}`;

/** What a door says to a token: `refused` and nothing else, or `let in`. */
export type Verdict = string;

async function overHttp(url: string, token: string): Promise<Verdict> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: '{"query":"{ viewer { id } }"}',
  });
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] };
  if (response.status === 401 && !data && errors?.[0]?.extensions.code === 'UNAUTHENTICATED') return 'refused';
  return response.status === 200 && !errors ? 'let in' : `${response.status} ${JSON.stringify({ data, errors })}`;
}

async function overEvents(url: string, token: string, query: string): Promise<Verdict> {
  const leaving = new AbortController();
  const response = await fetch(`${url}/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
    signal: leaving.signal,
  });
  const { status } = response;
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  leaving.abort();
  if (status === 401) return 'refused';
  return status === 200 && isStream ? 'let in' : String(status);
}

async function overSocket(url: string, token: string): Promise<Verdict> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  await once(socket, 'open');
  const closed = once(socket, 'close').then(([code]) => (code === 4403 ? 'refused' : String(code)));
  const acknowledged = once(socket, 'message').then(() => 'let in');
  acknowledged.catch(() => undefined);
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  const verdict = await Promise.race([closed, acknowledged]);
  socket.close();
  return verdict;
}

/** By each door, what it says. */
export async function knock(url: string, token: string, query: string): Promise<readonly Verdict[]> {
  return [await overHttp(url, token), await overSocket(url, token), await overEvents(url, token, query)];
}
export const refusedEverywhere = ['refused', 'refused', 'refused'];

/** Forged tokens by what is wrong with them; `key` is ours, whose private part nobody else has. */
export async function forgeriesOf(key: TestKey): Promise<Record<string, string>> {
  const foreign = await createTestKey(origin);
  const foreignRsa = await createTestKey(origin, 'test', 'RS256');
  const good = await key.sign();
  const payload = decodeJwt(good);
  const [head = '', body = '', signature = ''] = good.split('.');
  const publicJwk = key.keySet.keys[0] as JWK;
  const pem = await exportSPKI((await importJWK(publicJwk, 'ES256')) as CryptoKey);
  const withSecret = (secret: string, alg: string) =>
    new SignJWT(payload).setProtectedHeader({ alg, typ: 'at+jwt', kid: 'test' }).sign(new TextEncoder().encode(secret));
  const edDsa = await generateKeyPair('EdDSA');
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'test' };
  return {
    ...Object.fromEntries(['none', 'None', 'NONE', 'nOnE', ''].map((alg) => [`algorithm "${alg}"`, unsigned({ ...header, alg }, payload)])),
    'algorithm none with our signature': unsigned({ ...header, alg: 'none' }, payload, signature),
    'no algorithm': unsigned({ typ: 'at+jwt', kid: 'test' }, payload, signature),
    'HMAC with the public key as JWK': await withSecret(JSON.stringify(publicJwk), 'HS256'),
    'HMAC with the public key as PEM': await withSecret(pem, 'HS256'),
    'HMAC with the public key as PEM, longer': await withSecret(pem, 'HS512'),
    'HMAC with nothing': `${encode({ ...header, alg: 'HS256' })}.${body}.${createHmac('sha256', '')
      .update(`${encode({ ...header, alg: 'HS256' })}.${body}`)
      .digest('base64url')}`,
    'RS256 of a foreign key': await foreignRsa.sign(),
    'EdDSA of a foreign key': await new SignJWT(payload).setProtectedHeader({ ...header, alg: 'EdDSA' }).sign(edDsa.privateKey),
    'a foreign key under our name': await foreign.sign(),
    'a foreign key in the header': await foreign.sign({}, { jwk: foreign.keySet.keys[0] }),
    'a foreign key at an address': await foreign.sign({}, { jku: 'https://evil.example/jwks' }),
    'a foreign certificate': await foreign.sign({}, { x5c: ['MIIB'], x5u: 'https://evil.example/cert' }),
    'a foreign key in the header, under no name': await foreign.sign({}, { kid: undefined, jwk: foreign.keySet.keys[0] }),
    'a name that is a path': await foreign.sign({}, { kid: '../../../dev/null' }),
    'a name that is a statement': await foreign.sign({}, { kid: "test' or '1'='1" }),
    'a name that there is not': await key.sign({}, { kid: 'unknown' }),
    'no name': await key.sign({}, { kid: undefined }),
    'what must be understood and is not': await key.sign({}, { crit: ['exp2'], exp2: 1 }),
    'an empty list of what must be understood': unsigned({ ...header, crit: [] }, payload, signature),
    'a signature of zeros': `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`,
    'no signature': `${head}.${body}.`,
    'half a signature': `${head}.${body}.${signature.slice(0, 43)}`,
    'the signature of another token': `${head}.${body}.${(await key.sign({ jti: 'another' })).split('.')[2]}`,
    'two parts': `${head}.${body}`,
    'four parts': `${good}.${signature}`,
    'another person': `${head}.${encode({ ...payload, sub: 'root' })}.${signature}`,
    'another type': await key.sign({}, { typ: 'JWT' }),
    'no type': await key.sign({}, { typ: undefined }),
    'the type of an ID token': await key.sign({ nonce: 'x' }, { typ: 'id+jwt' }),
    'the type of a proof': await key.sign({}, { typ: 'dpop+jwt' }),
    'the type of a refresh token': await key.sign({}, { typ: 'rt+jwt' }),
    'another issuer': await key.sign({ iss: 'https://evil.example' }),
    'an issuer with a slash': await key.sign({ iss: `${origin}/` }),
    'another audience': await key.sign({ aud: 'https://evil.example/graphql' }),
    'the client as audience': await key.sign({ aud: 'tests' }),
    'the origin as audience': await key.sign({ aud: origin }),
    'no audience in the list': await key.sign({ aud: [] }),
    'over for two minutes': await key.sign({ exp: now() - 120 }),
    'over in words': await key.sign({ exp: 'never' }),
    'not yet valid': await key.sign({ nbf: now() + 120 }),
    'from the future': await key.sign({ iat: now() + 120, exp: now() + 600 }),
    'a time in words': await key.sign({ iat: 'yesterday' }),
    'no person': await key.sign({ sub: '' }),
    'no client': await key.sign({ client_id: '' }),
    'scopes as a list': await key.sign({ scope: ['app'] }),
    'roles as a word': await key.sign({ roles: 'ADMIN' }),
    ...Object.fromEntries(
      await Promise.all(
        ['iss', 'aud', 'exp', 'iat', 'sub', 'client_id', 'jti'].map(
          async (claim) => [`without ${claim}`, await key.sign({ [claim]: undefined })] as const,
        ),
      ),
    ),
    'no object': unsigned(header, 'rubbish', signature),
    rubbish: 'rubbish',
    'points alone': '..',
  };
}
