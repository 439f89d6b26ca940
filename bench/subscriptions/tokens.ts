import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';

/** A key of accounts as plain data, so that processes can pass it on. */
export interface SigningKey {
  readonly privateKey: JWK;
  readonly keySet: { readonly keys: readonly JWK[] };
}

const names = { kid: 'bench', alg: 'ES256' };
const hour = 3_600;

export async function createKey(): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(names.alg, { extractable: true });
  return { privateKey: await exportJWK(privateKey), keySet: { keys: [{ ...(await exportJWK(publicKey)), ...names, use: 'sig' }] } };
}

/** Access tokens of as many different people, as accounts signs them; they hold for an hour. */
export async function signTokens({ privateKey }: SigningKey, publicUrl: string, people: readonly string[]): Promise<string[]> {
  const key = await importJWK(privateKey, names.alg);
  const now = Math.floor(Date.now() / 1_000);
  return Promise.all(
    people.map((sub) =>
      new SignJWT({
        sid: `session-${sub}`,
        client_id: 'bench',
        scope: 'app',
        roles: ['USER'],
        kind: 'PERSON',
        acr: 'aal1',
        amr: ['pwd'],
        auth_time: now,
      })
        .setProtectedHeader({ alg: names.alg, kid: names.kid, typ: 'at+jwt' })
        .setSubject(sub)
        .setIssuer(publicUrl)
        .setAudience(`${publicUrl}/graphql`)
        .setJti(`token-${sub}`)
        .setIssuedAt(now)
        .setExpirationTime(now + hour)
        .sign(key),
    ),
  );
}
