import { demo, demoPeople } from '@supergraph/schema/demo';

/** Asks the graph as a client does; throws for an answer with an error. */
export async function post<Data>(url: string, query: string, variables: object, token?: string, organizationId?: string): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(organizationId ? { 'x-organization-id': organizationId } : {}),
    },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Data | null; errors?: unknown };
  if (!data || errors) throw new Error(`the graph answered ${response.status}: ${JSON.stringify(errors)}`);
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
  const response = await fetch(`${url}/oauth/token`, { method: 'POST', body });
  const answer = (await response.json()) as { access_token?: string; refresh_token?: string };
  if (!answer.access_token || !answer.refresh_token)
    throw new Error(`the token endpoint answered ${response.status}: ${JSON.stringify(answer)}`);
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
