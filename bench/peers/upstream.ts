import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveParent } from '../processes/child.ts';
import { createRunner, type Operation } from './graph/execute.ts';
import { subgraphs } from './graph/subgraphs.ts';

/**
 * The four subgraphs as one process, each under a path of its name. An answer is computed once, by really executing the
 * operation, and repeated for every further request with the same body: upstream costs the machine as little as it can.
 */
const answersKept = 2_000;
const answers = new Map<string, Buffer>();
const runners = new Map(subgraphs.map((source) => [`/${source.name}`, createRunner(source)]));
let requests = 0;

async function answerTo(path: string, body: string): Promise<Buffer | undefined> {
  const run = runners.get(path);
  if (!run) return undefined;
  const key = `${path}\n${body}`;
  const known = answers.get(key);
  if (known) return known;
  const answer = Buffer.from(JSON.stringify(await run(JSON.parse(body) as Operation, {})));
  if (answers.size >= answersKept) answers.clear();
  answers.set(key, answer);
  return answer;
}

function send(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.byteLength });
  response.end(body);
}

function receive(request: IncomingMessage, response: ServerResponse): void {
  requests += 1;
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    answerTo(request.url ?? '', Buffer.concat(chunks).toString())
      .then((answer) => (answer ? send(response, 200, answer) : send(response, 404, Buffer.from('{}'))))
      .catch((error: unknown) => send(response, 400, Buffer.from(JSON.stringify({ errors: [{ message: String(error) }] }))));
  });
}

const server = createServer({ keepAliveTimeout: 120_000 }, receive);
server.listen(0, '127.0.0.1', () => {
  serveParent({ port: (server.address() as AddressInfo).port }, { requests: () => requests, distinct: () => answers.size });
});
