import type { IncomingMessage, ServerResponse } from 'node:http';

const largest = 65_536;

/** The fields of a form that was sent; null when they are too many. */
export async function readForm(request: IncomingMessage, response: ServerResponse): Promise<URLSearchParams | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largest) {
      // What is left of it would be in the way of the next request.
      response.setHeader('connection', 'close');
      return null;
    }
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
