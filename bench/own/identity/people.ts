import { Agent, request } from 'node:http';
import { demo, demoPeople } from '@supergraph/schema/demo';

/** Connections stay open, as those of clients do. */
const agent = new Agent({ keepAlive: true });

interface Sent {
  readonly status: number | undefined;
  readonly answer: unknown;
}

/** Sends a POST and reads the JSON that comes back. Not by `fetch`, which takes twice the time of the processors that the measured program wants. */
function send(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const sending = request(
      url,
      { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode, answer: JSON.parse(text) }));
      },
    );
    sending.on('error', reject);
    sending.end(body);
  });
}

/** Asks the graph as a client does; throws for an answer with an error. */
export async function post<Data>(url: string, query: string, variables: object, token?: string, organizationId?: string): Promise<Data> {
  const headers = {
    'content-type': 'application/json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(organizationId ? { 'x-organization-id': organizationId } : {}),
  };
  const { status, answer } = await send(`${url}/graphql`, headers, JSON.stringify({ query, variables }));
  const { data, errors } = answer as { data: Data | null; errors?: unknown };
  if (!data || errors) throw new Error(`the graph answered ${status}: ${JSON.stringify(errors)}`);
  return data;
}

const start = 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }';
const proceed =
  'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { tokens { accessToken refreshToken } } } }';

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** A whole sign-in of one of the sample people with a password, over HTTP. */
export async function signIn(url: string, email: string): Promise<Tokens> {
  const { startSignIn } = await post<{ startSignIn: { flow: { id: string } } }>(url, start, { input: { identifier: email } });
  const input = { flowId: startSignIn.flow.id, password: demo.password };
  const { continueSignIn } = await post<{ continueSignIn: { flow: { tokens: Tokens } } }>(url, proceed, { input });
  return continueSignIn.flow.tokens;
}

/** New tokens of a session, at the token endpoint. */
export async function refresh(url: string, refreshToken: string): Promise<Tokens> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'first-party', refresh_token: refreshToken });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const { status, answer: sent } = await send(`${url}/oauth/token`, headers, body.toString());
  const answer = sent as { access_token?: string; refresh_token?: string };
  if (!answer.access_token || !answer.refresh_token) throw new Error(`the token endpoint answered ${status}: ${JSON.stringify(answer)}`);
  return { accessToken: answer.access_token, refreshToken: answer.refresh_token };
}

/** The addresses of the sample people. */
export const addresses: readonly string[] = demoPeople.map(({ email }) => email);
/** Somebody who may change the keys. */
export const administrator = (): string => {
  const email = addresses[1];
  if (!email) throw new Error('the sample world has no administrator');
  return email;
};
