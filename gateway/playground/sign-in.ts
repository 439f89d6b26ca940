/** An organization that a person may act in. */
export interface Membership {
  readonly organizationId: string;
  readonly organization: string;
  readonly role: string;
}

/** A person whom the playground acts as. */
export interface SignedIn {
  readonly email: string;
  readonly name: string;
  readonly memberships: readonly Membership[];
  /** A token that still holds; fetches the next one before the present one is over. */
  token(): Promise<string>;
}

/** A sign-in that waits for a second proof. */
export interface HalfSignedIn {
  /** Takes a code of an authenticator app, or a recovery code; rejects when it is not right, and may be asked again. */
  prove(code: string): Promise<SignedIn>;
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** In seconds. */
  readonly expiresIn: number;
}

interface Flow {
  readonly id: string;
  readonly status: 'FIRST_FACTOR' | 'SECOND_FACTOR' | 'COMPLETED' | 'FAILED' | 'EXPIRED';
  readonly tokens: Tokens | null;
}

interface Viewer {
  readonly displayName: string;
  readonly memberships: { readonly nodes: readonly { role: { name: string }; organization: { id: string; name: string } }[] };
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

const tokens = 'tokens { accessToken refreshToken expiresIn }';
const start = `mutation Start($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }`;
const proceed = `mutation Continue($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { id status ${tokens} } } }`;
const refresh = `mutation Refresh($input: RefreshSessionInput!) { refreshSession(input: $input) { ${tokens} } }`;
const who = `query Who { viewer { displayName memberships(first: 50) { nodes { role { name } organization { id name } } } } }`;

/** How long before its end a token is no longer used. */
const spareMs = 30_000;

/** Signs a person in by the same mutations that any client uses, as far as a password does. */
export async function signIn(email: string, password: string): Promise<SignedIn | HalfSignedIn> {
  const begun = await ask<{ startSignIn: { flow: Flow } }>(start, { input: { identifier: email } });
  const flowId = begun.startSignIn.flow.id;
  const flow = await prove(flowId, { password });
  if (flow.status !== 'SECOND_FACTOR') return become(email, flow);
  return {
    prove: async (code) => become(email, await prove(flowId, /^\d{6}$/.test(code) ? { totpCode: code } : { recoveryCode: code })),
  };
}

async function prove(flowId: string, proof: object): Promise<Flow> {
  const { continueSignIn } = await ask<{ continueSignIn: { flow: Flow } }>(proceed, { input: { flowId, ...proof } });
  return continueSignIn.flow;
}

async function become(email: string, { status, tokens: first }: Flow): Promise<SignedIn> {
  if (!first) throw new Error(`the sign-in ended with ${status}`);
  const { viewer } = await ask<{ viewer: Viewer }>(who, {}, first.accessToken);
  return {
    email,
    name: viewer.displayName,
    memberships: viewer.memberships.nodes.map(({ role, organization }) => ({
      organizationId: organization.id,
      organization: organization.name,
      role: role.name,
    })),
    token: keepFresh(first),
  };
}

function keepFresh(first: Tokens): () => Promise<string> {
  const lasting = (given: Tokens) => ({ ...given, until: Date.now() + given.expiresIn * 1_000 - spareMs });
  let current = lasting(first);
  // A refresh token is used once, so those who ask at the same time wait for the same answer.
  let renewing: Promise<Tokens> | undefined;
  const renew = async (refreshToken: string) => {
    const { refreshSession } = await ask<{ refreshSession: { tokens: Tokens } }>(refresh, { input: { refreshToken } });
    return refreshSession.tokens;
  };
  return async () => {
    if (Date.now() < current.until) return current.accessToken;
    renewing ??= renew(current.refreshToken).finally(() => {
      renewing = undefined;
    });
    current = lasting(await renewing);
    return current.accessToken;
  };
}
