/** A request to /graphql of some gateway. */
export interface Request {
  readonly method?: string;
  /** Appended to /graphql. */
  readonly search?: string;
  readonly headers?: Record<string, string>;
  /** Objects are sent as JSON. */
  readonly body?: unknown;
}

export const json = { 'content-type': 'application/json' };

/** Sends it and gives back what matters of the answer. */
export async function send(gateway: { readonly url: string }, { method = 'POST', search = '', headers = json, body }: Request) {
  const text = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const response = await fetch(`${gateway.url}${search}`, { method, headers, body: (text as string | undefined) ?? null });
  // When it was sent, and on which connection, is no part of an answer.
  const own = [...response.headers].filter(([name]) => !['date', 'connection', 'keep-alive', 'transfer-encoding'].includes(name));
  return { status: response.status, headers: Object.fromEntries(own), text: await response.text() };
}

/** A POST of an operation. */
export const query = (text: string, variables?: object) => ({ body: { query: text, variables } });
/** A GET that no foreign page could have made a browser send, unless its headers say otherwise. */
export const get = (
  parameters: Record<string, string>,
  headers: Record<string, string> = { 'apollo-require-preflight': '1' },
): Request => ({
  method: 'GET',
  search: `?${String(new URLSearchParams(parameters))}`,
  headers,
});
