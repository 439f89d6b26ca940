import { requestWriter } from '../load/requests.ts';
import { expectedData } from './graph/answer.ts';
import { operation } from './graph/query.ts';
import type { Failure, Field, Runner } from './field.ts';

/** A gateway whose answer is right, and what one request of it is. */
export interface Checked extends Runner {
  /** The size of its answer's body. */
  readonly bytes: number;
  /** How many upstream requests it makes for a request that is alone. */
  readonly fetches: number;
}

export interface Comparison {
  readonly checked: readonly Checked[];
  readonly failures: readonly Failure[];
}

/** Asks every gateway; one whose answer is not, byte for byte, what the data says is not timed. */
export async function compareAnswers({ runners, upstream }: Field): Promise<Comparison> {
  const checked: Checked[] = [];
  const failures: Failure[] = [];
  const expected = expectedData();
  for (const runner of runners) {
    const { gateway } = runner;
    try {
      // The first answer may make upstream requests that later ones do not, such as for a schema.
      await ask(runner);
      const before = await upstream.ask<number>('requests');
      const { text, data } = await ask(runner);
      const fetches = (await upstream.ask<number>('requests')) - before;
      if (data === expected) checked.push({ ...runner, bytes: Buffer.byteLength(text), fetches });
      else failures.push({ gateway, reason: `its answer differs: ${firstDifference(expected, data)}` });
    } catch (error) {
      failures.push({ gateway, reason: (error as Error).message });
    }
  }
  return { checked, failures };
}

let asked = 0;

async function ask({ process: started }: Runner): Promise<{ text: string; data: string }> {
  const { ready } = started;
  const { head, body } = requestParts(ready);
  const response = await fetch(`http://127.0.0.1:${ready.port}${ready.path}`, { method: 'POST', headers: head, body });
  const text = await response.text();
  const data = normalize(text);
  if (response.status !== 200 || data === undefined)
    throw new Error(`it answered ${response.status}: ${text.slice(0, 300)}\n${started.output().slice(-600)}`);
  return { text, data };
}

/** The same request as the load generator sends, as `fetch` wants it. */
function requestParts({ port, path }: { port: number; path: string }): { head: Record<string, string>; body: string } {
  asked += 1;
  const [head = '', body = ''] = requestWriter({ port, path, query: operation, distinct: true })(asked).toString().split('\r\n\r\n');
  const names = head.split('\r\n').slice(1);
  const entries = names
    .map((line) => line.split(': ') as [string, string])
    .filter(([name]) => name !== 'host' && name !== 'content-length');
  return { head: Object.fromEntries(entries), body };
}

/** The data of an answer without errors as JSON, fields in the answer's own order; undefined for any other answer. */
export function normalize(text: string): string | undefined {
  const { data, errors } = JSON.parse(text) as { data?: unknown; errors?: readonly unknown[] };
  return data === undefined || data === null || (errors?.length ?? 0) > 0 ? undefined : JSON.stringify(data);
}

/** The surroundings of the first place where two texts differ. */
export function firstDifference(one: string, other: string): string {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const around = (text: string) => text.slice(Math.max(0, at - 40), at + 40);
  return `"…${around(one)}…" became "…${around(other)}…"`;
}
