/** The side of a process that was started with `startProcess`; imports nothing, so that peers can use it. */

/** What a process can be asked, by name. */
export type Handlers = Readonly<Record<string, (payload: never) => unknown>>;

interface Question {
  readonly id: number;
  readonly name: string;
  readonly payload: unknown;
}

/** What the process was started with. */
export const readOptions = <Options>(): Options => JSON.parse(process.argv[2] ?? '{}') as Options;

/** Says that it is ready, answers questions, and ends with whoever started it. */
export function serveParent(ready: unknown, handlers: Handlers = {}): void {
  process.on('disconnect', () => process.exit());
  process.on('message', ({ id, name, payload }: Question) => {
    const handler = handlers[name] as ((payload: unknown) => unknown) | undefined;
    Promise.resolve()
      .then(() => {
        if (!handler) throw new Error(`nobody answers "${name}"`);
        return handler(payload);
      })
      .then(
        (answer) => process.send?.({ id, answer }),
        (error: unknown) => process.send?.({ id, failure: error instanceof Error ? error.message : String(error) }),
      );
  });
  process.send?.({ ready: ready ?? null });
}
