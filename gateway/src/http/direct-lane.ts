import { type Answer, answerBody, answerText, type IncrementalAnswer, isIncremental } from '../answer.ts';
import { headersOf, statusOf } from '../edge-errors.ts';
import { endingWith } from '../generators.ts';
import { isChecked } from '../operations.ts';
import { answerInParts, answerOnce, refuseWith } from '../serving.ts';
import { cacheHeaders } from './cache-headers.ts';
import { firstPart, laterPart, lastPart, partsHeader } from './deferred-parts.ts';
import type { Exchange, Lane } from './lane.ts';
import type { Reply } from './reply.ts';

/** The short way: from the executor's text to the socket, with nothing in between. */
export const directLane: Lane = { name: 'direct', answer, stop: () => Promise.resolve() };

async function answer({ serving, checked, accepted, ...work }: Exchange): Promise<Reply> {
  if (!isChecked(checked)) return wholeReply(refuseWith(serving, work.via, checked), accepted.whole);
  const result = await (accepted.parts && checked.usesDefer ? answerInParts : answerOnce)(serving, { ...work, checked });
  if (!isIncremental(result)) return wholeReply(result, accepted.whole);
  return { status: 200, headers: { 'content-type': partsHeader }, body: endingWith(texts(result), () => result.later.return()) };
}

function wholeReply(result: Answer, contentType: string): Reply {
  const extensions = result.errors?.[0]?.extensions;
  const status = result.data === undefined ? statusOf(extensions?.['code']) : 200;
  return {
    status,
    headers: { 'content-type': contentType, ...cacheHeaders(result), ...headersOf(status, extensions) },
    body: answerBody(result),
  };
}

async function* texts({ initial, later }: IncrementalAnswer): AsyncGenerator<string, void> {
  yield firstPart(answerText(initial, ',"hasNext":true'));
  for await (const increments of later) yield laterPart(increments);
  yield lastPart;
}
