import { createConnection } from 'node:net';
import { type Answer, AnswerReader } from './answers.ts';
import { type RequestPlan, requestWriter } from './requests.ts';

export interface LoadPlan extends RequestPlan {
  readonly connections: number;
  readonly durationMs: number;
  /** How large each right answer is. */
  readonly bytes: number;
  /** The number of the first request, so that no round repeats an earlier one. */
  readonly firstNumber: number;
}

/** What a round brought: latencies of right answers in milliseconds, and what was wrong with the others. */
export interface LoadResult {
  readonly latencies: Float64Array;
  readonly wrong: number;
  readonly firstWrong: string | undefined;
  readonly tookMs: number;
  readonly lastNumber: number;
}

const readBytes = 262_144;
const patienceMs = 20_000;

/** Keeps the connections busy, each with one request after the other, for the given time. */
export async function generateLoad(plan: LoadPlan): Promise<LoadResult> {
  const write = requestWriter(plan);
  const latencies: number[] = [];
  let number = plan.firstNumber;
  let wrong = 0;
  let firstWrong: string | undefined;
  const began = performance.now();
  const end = began + plan.durationMs;
  // However short the time, each connection asks once.
  const least = plan.firstNumber + plan.connections;
  const run: Run = {
    next: () => (performance.now() < end || number < least ? write(number++) : undefined),
    note: ({ status, bytes }, latency) => {
      if (status === 200 && bytes === plan.bytes) return void latencies.push(latency);
      wrong += 1;
      firstWrong ??= `status ${status} with ${bytes} bytes in place of ${plan.bytes}`;
    },
  };
  await Promise.all(Array.from({ length: plan.connections }, () => keepBusy(plan.port, run)));
  return { latencies: Float64Array.from(latencies), wrong, firstWrong, tookMs: performance.now() - began, lastNumber: number };
}

interface Run {
  /** The next request, or nothing when the time is over. */
  readonly next: () => Buffer | undefined;
  readonly note: (answer: Answer, latencyMs: number) => void;
}

function keepBusy(port: number, { next, note }: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    let sentAt = 0;
    let over = false;
    const send = () => {
      const request = next();
      if (!request) {
        over = true;
        return void socket.end();
      }
      sentAt = performance.now();
      socket.write(request);
    };
    const reader = new AnswerReader((answer) => {
      note(answer, performance.now() - sentAt);
      send();
    });
    const memory = Buffer.allocUnsafe(readBytes);
    const receive = (length: number) => {
      try {
        reader.push(memory.subarray(0, length));
      } catch (error) {
        socket.destroy(error as Error);
      }
      return true;
    };
    const socket = createConnection({ host: '127.0.0.1', port, noDelay: true, onread: { buffer: memory, callback: receive } });
    socket.setTimeout(patienceMs, () => socket.destroy(new Error(`no answer within ${patienceMs / 1_000} s`)));
    socket.once('connect', send);
    socket.once('error', reject);
    socket.once('close', () => (over ? resolve() : reject(new Error('the gateway closed a connection'))));
  });
}
