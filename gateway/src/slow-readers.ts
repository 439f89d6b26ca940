import type { Socket } from 'node:net';

/** Cuts subscribers that do not read what is sent to them, before it fills the memory. */
export interface SlowReaders {
  /** Watches a connection; `cut` ends it. The result stops watching. */
  watch(socket: Socket, cut: () => void): () => void;
  close(): void;
}

export interface SlowReaderOptions {
  readonly mostBytes?: number;
  readonly behindMs?: number;
}

const lookEveryMs = 500;

/** Looks at all streams twice a second: 1 MiB waiting, or something waiting for 15 s, is too much. */
export function createSlowReaders({ mostBytes = 1_048_576, behindMs = 15_000 }: SlowReaderOptions = {}): SlowReaders {
  const watched = new Map<Socket, { readonly cut: () => void; behindSince: number | undefined }>();
  const look = () => {
    const now = Date.now();
    for (const [socket, entry] of watched) {
      const waiting = socket.writableLength;
      entry.behindSince = waiting > 0 ? (entry.behindSince ?? now) : undefined;
      const behind = entry.behindSince !== undefined && now - entry.behindSince > behindMs;
      if (waiting <= mostBytes && !behind) continue;
      watched.delete(socket);
      entry.cut();
    }
  };
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  return {
    watch: (socket, cut) => {
      watched.set(socket, { cut, behindSince: undefined });
      return () => void watched.delete(socket);
    },
    close: () => clearInterval(timer),
  };
}
