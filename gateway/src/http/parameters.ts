import type { SentOperation } from '../operations.ts';
import { type Reply, refuse } from './reply.ts';

type Values = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The operation in the JSON body of a POST; a reply says what is wrong with it. */
export function operationOfBody(body: unknown): SentOperation | Reply {
  if (Array.isArray(body))
    return refuse(400, 'a request holds one operation, not a list; send several requests over one connection', { reason: 'BATCH' });
  if (!isRecord(body)) return refuse(400, 'the body must be a JSON object with a "query"');
  return operationOf(body);
}

const names = ['query', 'operationName', 'variables', 'extensions'] as const;

/** The operation in the query string of a GET; a reply says what is wrong with it. */
export function operationOfSearch(search: string): SentOperation | Reply {
  const given = new URLSearchParams(search);
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const all = given.getAll(name);
    if (all.length > 1) return refuse(400, `"${name}" must stand once in the address`);
    const value = all[0];
    if (value === undefined || (value === '' && name !== 'query')) continue;
    values[name] = name === 'variables' || name === 'extensions' ? parseJson(value) : value;
  }
  return operationOf(values);
}

function operationOf({ query, operationName, variables, extensions }: Values): SentOperation | Reply {
  if (query != null && typeof query !== 'string') return refuse(400, 'the "query" must be a string in the GraphQL language');
  if (operationName != null && typeof operationName !== 'string') return refuse(400, '"operationName" must be a string');
  if (variables != null && !isRecord(variables)) return refuse(400, '"variables" must be a JSON object');
  if (extensions != null && !isRecord(extensions)) return refuse(400, '"extensions" must be a JSON object');
  if (!query && !isRecord(extensions?.['persistedQuery']))
    return refuse(400, 'the "query" is missing; it, or a "persistedQuery" in "extensions", says what to run');
  return { query: query || undefined, operationName, variables, extensions };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
