import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { type Reply, refuse } from './reply.ts';

const decoders = { gzip: promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) };

/** A request whose client left before its end: nobody waits for an answer. */
export class ClientLeft extends Error {
  override readonly name = 'ClientLeft';
}

/** Reads a JSON body of so many bytes at most, counted after decompression; a reply says what is wrong with it. */
export async function readJsonBody(request: IncomingMessage, limit: number): Promise<{ readonly json: unknown } | Reply> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && !Object.hasOwn(decoders, encoding))
    return refuse(415, 'the content-encoding must be gzip, deflate, br or identity');
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset && !/^utf-?8$/i.test(charset)) return refuse(415, 'the body must be UTF-8');
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    request.resume();
    return tooLarge(limit);
  }
  const read = await readBytes(request, limit);
  if (read === undefined) return tooLarge(limit);
  const bytes = encoding === 'identity' ? read : await decode(read, encoding as keyof typeof decoders, limit);
  return Buffer.isBuffer(bytes) ? parse(bytes) : bytes;
}

const tooLarge = (limit: number): Reply =>
  refuse(413, `a body may have ${limit} bytes; send files through the files domain`, { reason: 'BODY_LIMIT', limit });

/** Undefined when there are more; what comes after is read and forgotten, so that the connection can be used again. */
function readBytes(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) return void chunks.push(chunk);
      chunks.length = 0;
      resolve(undefined);
    });
    const leave = () => reject(new ClientLeft());
    request.once('end', () => {
      // Requests close after their end, too, and an error is dear to make.
      request.off('close', leave);
      resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    request.once('error', leave);
    request.once('close', leave);
  });
}

async function decode(bytes: Buffer, encoding: keyof typeof decoders, limit: number): Promise<Buffer | Reply> {
  try {
    return await decoders[encoding](bytes, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(limit);
    return refuse(400, `the body is not encoded as ${encoding}`);
  }
}

function parse(bytes: Buffer): { readonly json: unknown } | Reply {
  const text = bytes.toString('utf8');
  try {
    return { json: JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text) as unknown };
  } catch {
    return refuse(400, 'the body is no JSON');
  }
}
