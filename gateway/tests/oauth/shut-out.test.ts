import { give, type Person } from '../support/journey.ts';
import { password, register } from '../support/people.ts';
import { openWebBrowser } from '../support/web-browser.ts';
import {
  askFor,
  type Client,
  codeForm,
  goThrough,
  letIn,
  newClient,
  offers,
  openBrowserFor,
  type Page,
  post,
  type Provider,
  redirectUri,
  startProvider,
} from './support.ts';

// What a thief who was in an account has prepared, and tries once its owner has set a new password or ended all sessions.
let provider: Provider;
let owner: Person;
let shop: Client;
let tv: Client;
beforeAll(async () => {
  provider = await startProvider();
  owner = await register(provider.world, 'Owner');
  shop = await newClient(provider, owner);
  tv = await newClient(provider, owner, { name: 'Television', type: 'PUBLIC', redirectUris: [] });
});
afterAll(async () => {
  await provider?.end();
});

const approve = 'mutation ($input: ApproveInteractionInput!) { approveInteraction(input: $input) { redirectUrl } }';
const gotIn = ({ url }: Page): boolean => url.href.startsWith(redirectUri) && url.searchParams.has('code');

async function resetPassword({ email }: Person): Promise<void> {
  const seen = provider.world.mails(email).flatMap(({ secret }) => secret ?? []);
  await give(provider.world, 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { emailSentTo } }', {
    input: { email },
  });
  await give(provider.world, 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { user { id } } }', {
    input: { token: await provider.world.mail(email, seen), newPassword: 'nine patient otters read' },
  });
}

const endOthers = ({ token }: Person): Promise<unknown> =>
  give(provider.world, 'mutation ($input: RevokeOtherSessionsInput!) { revokeOtherSessions(input: $input) { endedCount } }', {
    input: {},
    token,
  });

/** How an owner shuts a thief out. */
const ways: readonly (readonly [string, (person: Person) => Promise<unknown>])[] = [
  ['a new password', resetPassword],
  ['the end of all other sessions', endOthers],
];

describe.each(ways)('%s ends', (_way, shutOut) => {
  test('an answer that nobody has gone on with', async () => {
    const ana = await register(provider.world, 'Ana');
    const browser = openBrowserFor(shop);
    const page = await browser.open((await askFor(shop)).url);
    const input = { interactionId: page.url.searchParams.get('interaction') ?? '' };
    const { redirectUrl } = await give(provider.world, approve, { input, token: ana.token });
    await shutOut(ana);
    const after = await browser.open(redirectUrl);
    expect([gotIn(after), offers(after, 'allow')]).toEqual([false, false]);
    // Nor has it signed the browser in.
    const silent = await browser.open((await askFor(shop, { prompt: 'none' })).url);
    expect(silent.url.searchParams.get('error')).toBe('login_required');
  });

  test('a code that nobody has exchanged', async () => {
    const ana = await register(provider.world, 'Ana');
    const granted = await letIn(shop, ana);
    await shutOut(ana);
    expect((await post(provider, '/oauth/token', codeForm(shop, granted))).body).toMatchObject({ error: 'invalid_grant' });
  });

  test('the permission of a device that has not asked yet', async () => {
    const ana = await register(provider.world, 'Ana');
    const { body: started } = await post(provider, '/oauth/device_authorization', { client_id: tv.id, scope: 'openid accounts:read' });
    const browser = openWebBrowser([]);
    const confirm = await browser.submitOnly(await browser.open(started.verification_uri_complete));
    expect((await goThrough(browser, await browser.submitById(confirm, 'op.deviceConfirmForm'), ana)).html).toContain('Connected');
    await shutOut(ana);
    const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: started.device_code, client_id: tv.id };
    expect((await post(provider, '/oauth/token', grant)).body).toMatchObject({ error: 'invalid_grant' });
  });

  test('what a browser that waits on the question has proved', async () => {
    const ana = await register(provider.world, 'Ana');
    const browser = openBrowserFor(shop);
    const question = await browser.submit(await browser.open((await askFor(shop)).url), 'password', { identifier: ana.email, password });
    expect(offers(question, 'allow')).toBe(true);
    await shutOut(ana);
    const answered = await browser.submit(question, 'allow');
    expect([gotIn(answered), offers(answered, 'password')]).toEqual([false, true]);
    expect(answered.html).not.toContain(ana.displayName);
  });
});
