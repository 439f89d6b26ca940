/** The other side did not answer as it should. */
export class Outage extends Error {
  override readonly name = 'Outage';
  /** Whether it is certain that nothing was done. */
  readonly retryable: boolean;
  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retryable = retryable;
  }
}

/** The caller no longer wants the answer; says nothing about the other side. */
export class Unwanted extends Error {
  override readonly name = 'Unwanted';
}
