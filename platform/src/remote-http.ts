import { type Dispatcher, Pool } from 'undici';
import { Outage, Unwanted } from './outage.ts';

export interface Post {
  /** JSON text. */
  readonly body: string;
  /** Names and values in turn. */
  readonly headers: string[];
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** Ends when the caller leaves. */
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

export interface Poster {
  /** Rejects with an Outage, or with Unwanted when the caller left. */
  post(request: Post): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface PosterBounds {
  readonly connections: number;
  readonly responseBytes: number;
  readonly connectMs: number;
}

/** Sends POSTs to one address over connections that are kept open. */
export function createPoster(url: string, { connections, responseBytes, connectMs }: PosterBounds): Poster {
  const { origin, pathname, search } = new URL(url);
  const path = `${pathname}${search}`;
  // Deadline and size are kept per call, below.
  const pool = new Pool(origin, { connections, pipelining: 1, connectTimeout: connectMs, headersTimeout: 0, bodyTimeout: 0 });
  return {
    post: (request) =>
      new Promise((resolve, reject) => {
        const left = request.deadline - Date.now();
        if (left <= 0 || request.signal.aborted) return reject(new Unwanted());
        const call = new Call(request, responseBytes, left, resolve, reject);
        pool.dispatch({ path, method: 'POST', headers: request.headers, body: request.body }, call);
      }),
    close: () => pool.destroy(),
  };
}

const longestTimer = 2_147_483_647;
/** Timers fire a little early or late. */
const clockGrainMs = 10;

/** One call under way: its deadline, its caller and what has arrived of its answer. */
class Call implements Dispatcher.DispatchHandler {
  readonly #request: Post;
  readonly #most: number;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: Error) => void;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #ended: Error | undefined;
  #status = 0;
  #type = '';
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #size = 0;

  constructor(request: Post, most: number, left: number, resolve: (answer: HttpAnswer) => void, reject: (error: Error) => void) {
    this.#request = request;
    this.#most = most;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(this.#onTime, Math.min(left, longestTimer));
    request.signal.addEventListener('abort', this.#onLeave);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It ended while it waited for a connection.
    if (this.#ended) controller.abort(this.#ended);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status;
    this.#type = String(headers['content-type'] ?? '');
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > this.#most) return this.#end(new Outage('its answer is too large', false));
    if (!this.#first) this.#first = chunk;
    else if (this.#more) this.#more.push(chunk);
    else this.#more = [this.#first, chunk];
  }

  onResponseEnd(): void {
    if (this.#ended) return;
    this.#letGo();
    const bytes = this.#more ? Buffer.concat(this.#more, this.#size) : this.#first;
    this.#resolve({ status: this.#status, type: this.#type, text: bytes ? bytes.toString() : '' });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end(new Outage('it could not be asked', notReached.has((error as NodeJS.ErrnoException).code ?? ''), { cause: error }));
  }

  readonly #onTime = (): void => this.#end(new Outage('it did not answer in time', false));

  // Whoever gives up at the deadline does so because of the other side.
  readonly #onLeave = (): void => (Date.now() < this.#request.deadline - clockGrainMs ? this.#end(new Unwanted()) : this.#onTime());

  #end(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#letGo();
    this.#controller?.abort(error);
    this.#reject(error);
  }

  #letGo(): void {
    clearTimeout(this.#timer);
    this.#request.signal.removeEventListener('abort', this.#onLeave);
  }
}

/** What the other side never got. */
const notReached = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
]);
