/** A person whom the playground acts as. */
export interface SignedIn {
  readonly email: string;
  readonly name: string;
  readonly accessToken: string;
}

interface Flow {
  readonly id: string;
  readonly tokens: { readonly accessToken: string } | null;
}

async function ask<Data>(query: string, variables: object, token?: string): Promise<Data> {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: Data; errors?: readonly { message: string }[] };
  if (errors?.[0] || !data) throw new Error(errors?.[0]?.message ?? 'no answer');
  return data;
}

const start = `mutation Start($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }`;
const proceed = `mutation Continue($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { id tokens { accessToken } } } }`;

/** Signs a sample person in by the same mutations that any client uses. */
export async function signIn(email: string, password: string): Promise<SignedIn> {
  const begun = await ask<{ startSignIn: { flow: Flow } }>(start, { input: { identifier: email } });
  const done = await ask<{ continueSignIn: { flow: Flow } }>(proceed, { input: { flowId: begun.startSignIn.flow.id, password } });
  const accessToken = done.continueSignIn.flow.tokens?.accessToken;
  if (!accessToken) throw new Error('the sign-in gave no tokens');
  const { viewer } = await ask<{ viewer: { displayName: string } }>('{ viewer { displayName } }', {}, accessToken);
  return { email, name: viewer.displayName, accessToken };
}
