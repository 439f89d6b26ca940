import type { CustomFetch } from 'openid-client';

/** What a provider says of itself or of a person takes a few KiB. */
const largestAnswer = 1_048_576;

/** `fetch` for answers of other providers: one that has no end is broken off before it fills the memory. */
export const limitedFetch: CustomFetch = async (url, options) => {
  // oxlint-disable-next-line no-restricted-globals -- providers are named by whoever runs the platform, also ones on a network of their own
  const response = await fetch(url, options as RequestInit);
  if (!response.body) return response;
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(countedUpTo(largestAnswer)), { status, statusText, headers });
};

function countedUpTo(most: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let size = 0;
  return new TransformStream({
    transform: (chunk, controller) => {
      size += chunk.length;
      if (size > most) throw new Error(`the answer has more than ${most} bytes`);
      controller.enqueue(chunk);
    },
  });
}
