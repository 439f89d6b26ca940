import type { Increment } from '../answer.ts';

// The form that Apollo Server writes and Apollo Client reads: incremental delivery as it was drafted on 2022-08-24.
export const partsHeader = 'multipart/mixed; boundary="-"; deferSpec=20220824';
const head = 'content-type: application/json; charset=utf-8\r\n\r\n';
const boundary = '\r\n---\r\n';

/** What was not deferred, as the text of an answer that says `hasNext`. The boundary lets the client read it at once. */
export const firstPart = (answer: string): string => `${boundary}${head}${answer}${boundary}`;

/** Deferred parts that got ready together. */
export const laterPart = (increments: readonly Increment[]): string =>
  `${head}{"hasNext":true,"incremental":[${increments.map(incrementText).join(',')}]}${boundary}`;

/** Nothing follows. */
export const lastPart = `${head}{"hasNext":false}\r\n-----\r\n`;

function incrementText({ path, label, data, errors, extensions }: Increment): string {
  const parts = [`"path":${JSON.stringify(path)}`];
  if (label !== undefined) parts.push(`"label":${JSON.stringify(label)}`);
  if (errors?.length) parts.push(`"errors":${JSON.stringify(errors)}`);
  parts.push(`"data":${data}`);
  if (extensions) parts.push(`"extensions":${JSON.stringify(extensions)}`);
  return `{${parts.join(',')}}`;
}
