import { type Answer, AnswerReader } from '../load/answers.ts';

const sized = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nContent-Length: 11\r\n\r\n{"data":{}}';
const chunked = 'HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"dat\r\n6\r\na":{}}\r\n0\r\n\r\n';
const empty = 'HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n';
const all: Answer[] = [
  { status: 200, bytes: 11 },
  { status: 503, bytes: 11 },
  { status: 204, bytes: 0 },
];

function read(pieces: readonly Buffer[]): Answer[] {
  const answers: Answer[] = [];
  const reader = new AnswerReader((answer) => answers.push(answer));
  for (const piece of pieces) {
    const memory = Buffer.from(piece);
    reader.push(memory);
    // The connection reads into the same memory again.
    memory.fill(0);
  }
  return answers;
}

const bytes = Buffer.from(`${sized}${chunked}${empty}${sized}`);

test('answers with a length, in chunks and without a body are told apart', () => {
  expect(read([bytes])).toEqual([...all, all[0]]);
});

test('it does not matter where the bytes are cut', () => {
  for (let at = 1; at < bytes.length; at++) expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual([...all, all[0]]);
  expect(read(Array.from(bytes, (_, index) => bytes.subarray(index, index + 1)))).toEqual([...all, all[0]]);
});

test('an answer is counted when it is whole, not before', () => {
  expect(read([Buffer.from(sized.slice(0, -1))])).toEqual([]);
  expect(read([Buffer.from(chunked.slice(0, -2))])).toEqual([]);
});

test.each([
  ['no HTTP', 'hello\r\n\r\n', 'this is no answer'],
  ['no length', 'HTTP/1.1 200 OK\r\nserver: x\r\n\r\n', 'does not say how long'],
  ['a chunk without a size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', 'not what HTTP says'],
])('%s is an error', (_, text, message) => {
  expect(() => read([Buffer.from(text)])).toThrow(message);
});
