/** Whether something is connected, for those who want to know. */
export interface ConnectionState {
  /** Tells the listener now, after each change, and when something was missed; the result ends that. */
  readonly watch: (listener: (connected: boolean) => void) => () => void;
  readonly set: (connected: boolean) => void;
  /** Something was missed although the connection held. */
  readonly missed: () => void;
}

/** Begins as not connected. */
export function createConnectionState(): ConnectionState {
  const listeners = new Set<(connected: boolean) => void>();
  let state = false;
  const tell = () => {
    for (const listener of listeners) listener(state);
  };
  return {
    watch: (listener) => {
      listeners.add(listener);
      listener(state);
      return () => void listeners.delete(listener);
    },
    set: (connected) => {
      state = connected;
      tell();
    },
    missed: tell,
  };
}
