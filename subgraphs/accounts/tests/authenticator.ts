import { createHash, randomBytes } from 'node:crypto';

/** What a page hands to `navigator.credentials`, as far as this authenticator reads it. */
interface Options {
  readonly challenge: string;
  readonly user?: { readonly id: string };
}

export interface AuthenticatorOptions {
  readonly origin: string;
  /** The relying party that the browser names; that of the origin unless a test cheats. */
  readonly rpId?: string;
  /** Whether it makes sure who its owner is. */
  readonly verifiesUser?: boolean;
  /** Authenticators without a counter always say 0. */
  readonly counts?: boolean;
}

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest();
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

/** CBOR of what attestations hold: maps, texts, byte strings and small whole numbers. */
function cbor(value: unknown): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  const entries = [...(value as Map<unknown, unknown>)];
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, inner]) => [cbor(key), cbor(inner)])]);
}

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 256) return Buffer.from([(major << 5) | 24, value]);
  return Buffer.from([(major << 5) | 25, value >> 8, value & 255]);
}

/** WebCrypto gives a signature's numbers side by side; authenticators send them in DER. */
function der(signature: Uint8Array): Buffer {
  const integer = (bytes: Uint8Array) => {
    const start = bytes.findIndex((byte) => byte !== 0);
    const digits = bytes.subarray(start === -1 ? bytes.length - 1 : start);
    const body = (digits[0] ?? 0) > 127 ? Buffer.concat([Buffer.of(0), digits]) : Buffer.from(digits);
    return Buffer.concat([Buffer.of(2, body.length), body]);
  };
  const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
  return Buffer.concat([Buffer.of(48, body.length), body]);
}

/** An authenticator in software: one ES256 passkey that signs what a real one would, with attestation `none`. */
export async function createAuthenticator({ origin, rpId, verifiesUser = true, counts = true }: AuthenticatorOptions) {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const id = randomBytes(32);
  let counter = 0;
  let userHandle: string | undefined;

  const clientData = (type: string, challenge: string) => Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  const authenticatorData = (flags: number, more: Uint8Array = Buffer.alloc(0)) => {
    if (counts) counter += 1;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([sha256(rpId ?? new URL(origin).hostname), Buffer.of(flags | 1 | (verifiesUser ? 4 : 0)), count, more]);
  };

  return {
    /** Sets the counter, as somebody with a copy would find it. */
    rewind: (to: number) => {
      counter = to;
    },
    create: async ({ challenge, user }: Options) => {
      userHandle = user?.id;
      const { x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
      const coseKey = new Map<number, unknown>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.from(x ?? '', 'base64url')],
        [-3, Buffer.from(y ?? '', 'base64url')],
      ]);
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.of(0, id.length), id, cbor(coseKey)]);
      const attestationObject = cbor(
        new Map<string, unknown>([
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', authenticatorData(64, attested)],
        ]),
      );
      return {
        id: base64url(id),
        rawId: base64url(id),
        type: 'public-key',
        response: {
          clientDataJSON: base64url(clientData('webauthn.create', challenge)),
          attestationObject: base64url(attestationObject),
          transports: ['internal'],
        },
        clientExtensionResults: {},
      };
    },
    get: async ({ challenge }: Options) => {
      const data = authenticatorData(0);
      const client = clientData('webauthn.get', challenge);
      const signed = Buffer.concat([data, sha256(client)]);
      const signature = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, signed));
      return {
        id: base64url(id),
        rawId: base64url(id),
        type: 'public-key',
        response: {
          clientDataJSON: base64url(client),
          authenticatorData: base64url(data),
          signature: base64url(der(signature)),
          ...(userHandle ? { userHandle } : {}),
        },
        clientExtensionResults: {},
      };
    },
  };
}
export type Authenticator = Awaited<ReturnType<typeof createAuthenticator>>;
