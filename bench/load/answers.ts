/** What of an answer counts: its status and the size of its body in bytes. */
export interface Answer {
  readonly status: number;
  readonly bytes: number;
}

interface Head {
  readonly status: number;
  readonly chunked: boolean;
  readonly length: number;
}

const headEnd = Buffer.from('\r\n\r\n');
const lineEnd = Buffer.from('\r\n');

/**
 * Finds the ends of HTTP/1.1 answers in what a connection receives, one answer at a time, without keeping bodies: a
 * load generator that shares its core with nobody must still cost less than the fastest gateway.
 */
export class AnswerReader {
  readonly #done: (answer: Answer) => void;
  #held: Buffer = Buffer.alloc(0);
  #head: Head | undefined;
  #bytes = 0;
  /** Bytes of the body, or of its current chunk, that have not come yet. */
  #missing = 0;
  #state: 'body' | 'chunk-size' | 'chunk-end' | 'trailer' = 'body';

  constructor(done: (answer: Answer) => void) {
    this.#done = done;
  }

  /** Takes what has come; the bytes may be overwritten afterwards. */
  push(received: Buffer): void {
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, received]) : received;
    this.#held = Buffer.alloc(0);
    while (rest.length > 0) {
      const used = this.#head ? this.#takeBody(rest, this.#head) : this.#takeHead(rest);
      if (used === 0) {
        // Copied, since the connection reads into the same memory again.
        this.#held = Buffer.from(rest);
        return;
      }
      rest = rest.subarray(used);
    }
  }

  #takeHead(rest: Buffer): number {
    const end = rest.indexOf(headEnd);
    if (end < 0) return 0;
    const head = readHead(rest.toString('latin1', 0, end));
    this.#head = head;
    this.#bytes = 0;
    this.#missing = head.length;
    this.#state = head.chunked ? 'chunk-size' : 'body';
    if (!head.chunked && head.length === 0) this.#finish();
    return end + headEnd.length;
  }

  #takeBody(rest: Buffer, head: Head): number {
    if (this.#state === 'body') return this.#takeBytes(rest, head);
    const end = rest.indexOf(lineEnd);
    if (end < 0) return 0;
    if (this.#state === 'trailer') this.#finish();
    else if (this.#state === 'chunk-end') this.#state = 'chunk-size';
    else this.#beginChunk(Number.parseInt(rest.toString('latin1', 0, end), 16));
    return end + lineEnd.length;
  }

  #takeBytes(rest: Buffer, head: Head): number {
    const taken = Math.min(this.#missing, rest.length);
    this.#missing -= taken;
    this.#bytes += taken;
    if (this.#missing > 0) return taken;
    if (head.chunked) this.#state = 'chunk-end';
    else this.#finish();
    return taken;
  }

  #beginChunk(size: number): void {
    if (Number.isNaN(size)) throw new Error('the answer is not what HTTP says');
    this.#missing = size;
    this.#state = size === 0 ? 'trailer' : 'body';
  }

  #finish(): void {
    const status = this.#head?.status ?? 0;
    this.#head = undefined;
    this.#done({ status, bytes: this.#bytes });
  }
}

function readHead(text: string): Head {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
  if (status === undefined) throw new Error(`this is no answer: ${text.slice(0, 100)}`);
  const length = /^content-length:\s*(\d+)/im.exec(text)?.[1];
  const chunked = /^transfer-encoding:\s*chunked/im.test(text);
  if (length === undefined && !chunked) throw new Error('the answer does not say how long it is');
  return { status: Number(status), chunked, length: Number(length ?? 0) };
}
