import { join } from 'node:path';
import { startEmbeddedDatabase } from '@supergraph/platform/embedded-database';
import postgres from 'postgres';
import { give, type Person, type World } from './journey.ts';

export const password = 'seven quiet herons wade';
export const signUp = 'mutation ($input: SignUpInput!) { signUp(input: $input) { emailSentTo } }';
let registered = 0;

/** A person who signed up, opened the mailed link and signed in. */
export async function register(world: World, name: string): Promise<Person> {
  const handle = `${name.toLowerCase()}_${Date.now().toString(36)}${(registered += 1)}`;
  const email = `${handle}@example.org`;
  const displayName = `${name} ${handle}`;
  await give(world, signUp, { input: { email, password, displayName, handle } });
  const { user } = await give(world, 'mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { user { id } } }', {
    input: { token: await world.mail(email) },
  });
  return { id: user.id as string, handle, displayName, email, ...(await signIn(world, email)) };
}

/** Begins a session with the password of all people here. */
export async function signIn(world: World, identifier: string, deviceName?: string): Promise<{ token: string; refreshToken: string }> {
  const begun = await give(world, 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }', {
    input: { identifier },
  });
  const { flow } = await give(
    world,
    'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { status tokens { accessToken refreshToken } } } }',
    { input: { flowId: begun.flow.id, password, ...(deviceName ? { deviceName } : {}) } },
  );
  if (flow.status !== 'COMPLETED') throw new Error(`signing in ended with ${flow.status}`);
  return { token: flow.tokens.accessToken as string, refreshToken: flow.tokens.refreshToken as string };
}

/** Somebody who runs the platform: the first one is made by hand in the database, as no other administrator is there to do it. */
export async function registerAdministrator(world: World): Promise<Person> {
  const person = await register(world, 'Root');
  const database = await startEmbeddedDatabase({ directory: join(world.dataDirectory, 'postgres') });
  const sql = postgres(database.url, { max: 1, onnotice: () => undefined });
  try {
    await sql`update accounts.users set roles = '{USER,ADMIN}' where id = ${person.id}`;
  } finally {
    await sql.end({ timeout: 2 });
    await database.stop();
  }
  return { ...person, ...(await signIn(world, person.email)) };
}
