import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** What Node's parser refuses, before there is a request: how HTTP says it, and the mend. */
const faults: Readonly<Record<string, readonly [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers of a request may have 16 KB; send less'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request took too long to arrive; send it in one go'],
};
const malformed = ['400 Bad Request', 'this is no request of HTTP/1.1'] as const;

/** Answers requests that never became one in the form of all our errors, and ends their connection. */
export function answerFaults(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy();
    const [status, message] = faults[error.code ?? ''] ?? malformed;
    endWith(socket, status, message, 'BAD_REQUEST');
  });
}

/** Writes an error to a connection that has no response object, and ends it. */
export function endWith(socket: Duplex, status: string, message: string, code: string): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] });
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
}
