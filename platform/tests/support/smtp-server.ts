import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A mail server of a few lines: it takes what it is given, or says what a test wants. */
export interface SmtpServer {
  readonly url: string;
  /** The mails it took, as they came. */
  readonly taken: { readonly to: string; readonly source: string }[];
  /** What it says to each recipient in place of taking them. */
  refusal: string | undefined;
  close(): Promise<void>;
}

/** Starts it on a port, a free one unless said otherwise. */
export async function startSmtpServer(port = 0): Promise<SmtpServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    talk(socket, running);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const running: SmtpServer = {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: [],
    refusal: undefined,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return running;
}

function talk(socket: Socket, server: SmtpServer): void {
  let text = '';
  let to = '';
  let isData = false;
  const say = (line: string) => socket.write(`${line}\r\n`);
  const answer = (line: string) => {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'RCPT') {
      to = /<(.+)>/.exec(line)?.[1] ?? '';
      return say(server.refusal ?? '250 ok');
    }
    if (verb === 'DATA') {
      isData = true;
      return say('354 go on');
    }
    if (verb === 'QUIT') return socket.end('221 bye\r\n');
    say('250 ok');
  };
  say('220 ready');
  socket.on('data', (bytes) => {
    text += String(bytes);
    for (;;) {
      const end = isData ? text.indexOf('\r\n.\r\n') : text.indexOf('\r\n');
      if (end < 0) return;
      const piece = text.slice(0, end);
      text = text.slice(end + (isData ? 5 : 2));
      if (!isData) answer(piece);
      else {
        isData = false;
        server.taken.push({ to, source: piece });
        say('250 taken');
      }
    }
  });
}
