import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { handleProtocols, type WebSocket as ProtocolSocket } from 'graphql-ws';
import { Gauge, type Registry } from 'prom-client';
import { type WebSocket, WebSocketServer } from 'ws';
import { contractAt, type ContractServings } from './contract-servings.ts';
import { addressOf } from './credentials.ts';
import { isPlace } from './open-streams.ts';
import { endWith } from './server-faults.ts';
import type { Shared } from './serving.ts';
import { closeCodes, type Connection, createProtocol, endOperations, via } from './socket-protocol.ts';
import { createTextCarrier } from './text-carrier.ts';

export interface Sockets {
  /** Closes all sockets with 1001, so that clients come back elsewhere. */
  stop(): void;
}

export interface SocketOptions {
  readonly server: Server;
  readonly shared: Shared;
  readonly servings: ContractServings;
  readonly origins: (request: IncomingMessage) => ReadonlySet<string>;
  readonly metrics: Registry;
  readonly operationsPerSocket?: number;
}

const largestMessage = 131_072;
const mostFragments = 32;
/** Pieces in which a message may arrive; networks cut at about 1,400 bytes. */
const mostChunks = 512;
const pingEveryMs = 12_000;
/** How long a client may take to agree that its socket closes. */
const farewellMs = 3_000;

/** Operations of all kinds over graphql-transport-ws on /graphql. */
export function serveSockets(options: SocketOptions): Sockets {
  const { server, shared, servings, origins, metrics, operationsPerSocket = 50 } = options;
  const { identifier, log } = shared;
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: largestMessage,
    maxFragments: mostFragments,
    maxBufferedChunks: mostChunks,
    perMessageDeflate: false,
    handleProtocols: (protocols) => handleProtocols(protocols),
  });
  const open = new Set<Connection>();
  const gauge = new Gauge({ name: 'gateway_sockets_open', help: 'WebSockets that are open right now', registers: [metrics] });
  const protocol = createProtocol({ shared, servings, operationsPerSocket });

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { origin } = request.headers;
    const contract = contractAt(request.url?.split('?')[0]);
    const refuse = (status: string, message: string, code: string, reason = code) => {
      shared.metrics.refused(via, reason);
      endWith(socket, status, message, code);
    };
    if (!contract) return refuse('404 Not Found', 'there is nothing here; the graph is at /graphql', 'NOT_FOUND');
    if (origin && !origins(request).has(origin))
      return refuse('403 Forbidden', 'pages of this origin may not connect', 'FORBIDDEN', 'ORIGIN');
    if (shared.stopping.aborted) return refuse('503 Service Unavailable', 'the server restarts, connect again', 'UPSTREAM_UNAVAILABLE');
    const place = shared.streams.enter('websocket', addressOf(request, shared.trustedProxies));
    if (!isPlace(place)) return refuse('429 Too Many Requests', place.message, 'RATE_LIMITED', 'STREAM_LIMIT');
    // What fails before the socket is open ends the connection all the same.
    socket.once('close', place.leave);
    webSockets.handleUpgrade(request, socket, head, (opened) =>
      attend(request.socket, {
        socket: opened,
        request,
        contract,
        place,
        carrier: createTextCarrier(),
        running: new Map(),
        operations: {},
        messageBytes: 0,
      }),
    );
  });

  const attend = (wire: Socket, connection: Connection): void => {
    const { socket } = connection;
    open.add(connection);
    gauge.set(open.size);
    const unwatch = shared.slowReaders.watch(wire, () => socket.terminate());
    const stopPinging = pingRegularly(socket);
    const onFailure = (error: unknown) => log.warn({ error }, 'a socket message failed');
    const closed = protocol.opened(toProtocolSocket(connection, onFailure), connection);
    // A frame that is too large or broken: `ws` closes by itself.
    socket.on('error', (error) => log.debug({ error }, 'a socket failed'));
    socket.once('close', (code, reason) => {
      endOperations(connection, true);
      clearTimeout(connection.expiry);
      stopPinging();
      unwatch();
      open.delete(connection);
      gauge.set(open.size);
      closed(code, String(reason)).catch((error: unknown) => log.warn({ error }, 'a socket did not end cleanly'));
    });
  };
  const forget = identifier.onAccessEnded((id) => {
    for (const { socket, identified } of open)
      if (identified?.standsOn.includes(id)) socket.close(closeCodes.forbidden, 'the session has ended');
  });
  return {
    stop: () => {
      forget();
      for (const { socket } of open) socket.close(closeCodes.goingAway, 'the server restarts');
      setTimeout(() => open.forEach(({ socket }) => socket.terminate()), farewellMs).unref();
      webSockets.close();
    },
  };
}

function toProtocolSocket(connection: Connection, onFailure: (error: unknown) => void): ProtocolSocket {
  const { socket, carrier } = connection;
  return {
    protocol: socket.protocol,
    // Waiting until the bytes have left keeps a slow reader's source waiting, too.
    send: (message) =>
      new Promise<void>((resolve) => {
        const text = carrier.fill(message);
        if (socket.readyState !== socket.OPEN) return resolve();
        socket.send(text, () => resolve());
      }),
    close: (code, reason) => {
      if (socket.readyState === socket.OPEN) socket.close(code, reason);
    },
    onMessage: (handle) =>
      void socket.on('message', (data) => {
        connection.messageBytes = (data as Buffer).length;
        handle(String(data as Buffer)).catch((error: unknown) => {
          onFailure(error);
          if (socket.readyState === socket.OPEN) socket.close(closeCodes.internal, 'something went wrong on our side');
        });
        endOperations(connection);
      }),
  };
}

function pingRegularly(socket: WebSocket): () => void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, pingEveryMs);
  return () => clearInterval(timer);
}
