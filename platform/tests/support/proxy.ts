import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Proxy {
  /** The given address, with the proxy in between. */
  readonly url: string;
  /** Ends all connections at once; new ones are let through. */
  cut(): void;
  /** Ends all connections and refuses new ones until `mend`. */
  break(): void;
  mend(): void;
  /** Keeps all connections, and lets nothing through until `thaw`. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/** Stands between a program and a service, to take the connection away. */
export async function openProxy(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let broken = false;
  let frozen = false;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((inner) => {
    keep(inner);
    if (broken) return void inner.destroy();
    const outer = connect(Number(port), hostname);
    keep(outer);
    inner.on('close', () => outer.destroy());
    outer.on('close', () => inner.destroy());
    inner.pipe(outer).pipe(inner);
    if (frozen) for (const socket of [inner, outer]) socket.pause();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    url: url.href,
    cut,
    break: () => {
      broken = true;
      cut();
    },
    mend: () => {
      broken = false;
    },
    freeze: () => {
      frozen = true;
      sockets.forEach((socket) => socket.pause());
    },
    thaw: () => {
      frozen = false;
      sockets.forEach((socket) => socket.resume());
    },
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
