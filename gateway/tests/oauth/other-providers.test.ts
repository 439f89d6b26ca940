import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as openid from 'openid-client';
import { demo, demoPeople } from '@supergraph/schema/demo';
import { type AppProcess, ask, signInAs, startAppProcess } from '../support/app-process.ts';
import { eventually } from '../support/eventually.ts';
import { createWorld, give, type World } from '../support/journey.ts';
import { password, register, signIn } from '../support/people.ts';
import { freePorts } from '../support/services.ts';
import { codeOf } from '../support/totp.ts';
import { openWebBrowser, type Page, type WebBrowser } from '../support/web-browser.ts';

// Two programs of ours: people have accounts at `elsewhere` and sign in with them at `here`.
let elsewhere: AppProcess;
let here: AppProcess;
let there: World;
let world: World;
let shop: openid.Configuration;
/** Takes what it is asked and never answers. */
const slow = createServer();
const shopCallback = 'https://shop.example/callback';
const [ada, bruno] = demoPeople as [(typeof demoPeople)[0], (typeof demoPeople)[0]];
const createClient = 'mutation ($input: CreateOAuthClientInput!) { createOAuthClient(input: $input) { client { id } secret } }';

async function registerClient(app: AppProcess, redirectUri: string): Promise<{ id: string; secret: string }> {
  const token = await signInAs(app, ada.email, demo.password);
  const input = { name: 'Shop', type: 'CONFIDENTIAL', redirectUris: [redirectUri], scopes: ['accounts:read'] };
  const { data, errors } = await ask(app, createClient, { variables: { input }, token });
  if (errors) throw new Error(JSON.stringify(errors));
  return { id: data.createOAuthClient.client.id, secret: data.createOAuthClient.secret };
}

beforeAll(async () => {
  const [first = 0, second = 0, third = 0] = await freePorts(3);
  await new Promise<void>((listening) => slow.listen(0, '127.0.0.1', listening));
  const at = (port: number) => ({ PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` });
  elsewhere = await startAppProcess({ environment: at(first) });
  const callback = (key: string) => `http://127.0.0.1:${second}/oauth/external/${key}/callback`;
  const partner = await registerClient(elsewhere, callback('partner'));
  const stranger = await registerClient(elsewhere, callback('stranger'));
  here = await startAppProcess({
    environment: {
      ...at(second),
      EXTERNAL_PARTNER_ISSUER: elsewhere.url,
      EXTERNAL_PARTNER_CLIENT_ID: partner.id,
      EXTERNAL_PARTNER_CLIENT_SECRET: partner.secret,
      EXTERNAL_PARTNER_TRUSTS_ADDRESSES: 'true',
      EXTERNAL_STRANGER_ISSUER: elsewhere.url,
      EXTERNAL_STRANGER_CLIENT_ID: stranger.id,
      EXTERNAL_STRANGER_CLIENT_SECRET: stranger.secret,
      EXTERNAL_STRANGER_NAME: 'A stranger',
      EXTERNAL_GONE_ISSUER: `http://127.0.0.1:${third}`,
      EXTERNAL_GONE_CLIENT_ID: 'us',
      EXTERNAL_SLOW_ISSUER: `http://127.0.0.1:${(slow.address() as AddressInfo).port}`,
      EXTERNAL_SLOW_CLIENT_ID: 'us',
    },
  });
  there = createWorld(elsewhere);
  world = createWorld(here);
  const { id, secret } = await registerClient(here, shopCallback);
  shop = await openid.discovery(new URL(here.url), id, secret, undefined, { execute: [openid.allowInsecureRequests] });
});
afterAll(async () => {
  await there?.close();
  await world?.close();
  await here?.end();
  await elsewhere?.end();
  slow.close();
  slow.closeAllConnections();
});

interface Visit {
  readonly browser: WebBrowser;
  readonly verifier: string;
  readonly page: Page;
}

/** A browser on the sign-in page of the app that somebody wants to use. */
async function visitShop(browser = openWebBrowser([shopCallback])): Promise<Visit> {
  const verifier = openid.randomPKCECodeVerifier();
  const url = openid.buildAuthorizationUrl(shop, {
    redirect_uri: shopCallback,
    scope: 'openid profile email accounts:read',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  return { browser, verifier, page: await browser.open(url) };
}

const linkTo = ({ html }: Page, name: string): string => {
  const href = new RegExp(`<a class="button second" href="([^"]+)">Sign in with ${name}`).exec(html)?.[1];
  if (!href) throw new Error(`there is no way to ${name}:\n${html}`);
  return href.replaceAll('&#38;', '&');
};

/** Signs in elsewhere and lets our platform know who it is; the page that this leads back to. */
async function cross({ browser, page }: Visit, name: string, email: string, secret = password): Promise<Page> {
  const first = await browser.open(linkTo(page, name));
  const consent = await browser.submit(first, 'password', { identifier: email, password: secret });
  return browser.submit(consent, 'allow');
}

/** Who the app learns it is. */
async function finish({ browser, verifier }: Visit, page: Page) {
  const back = page.status === 0 ? page : await browser.submit(page, 'allow');
  const tokens = await openid.authorizationCodeGrant(shop, back.url, { pkceCodeVerifier: verifier });
  const info = await openid.fetchUserInfo(shop, tokens.access_token, tokens.claims()!.sub);
  return { info, token: tokens.access_token };
}

test('an account with the same proved address is signed in to, when the provider is trusted, and linked', async () => {
  const visit = await visitShop();
  const { info } = await finish(visit, await cross(visit, 'Partner', bruno.email, demo.password));
  expect(info).toMatchObject({ sub: bruno.id, email: bruno.email });
  const token = await signInAs(here, bruno.email, demo.password);
  const { data } = await ask(
    here,
    '{ viewer { externalIdentities { provider subjectLabel } securityEvents { nodes { name details } } } }',
    { token },
  );
  expect(data.viewer.externalIdentities).toEqual([{ provider: 'Partner', subjectLabel: bruno.email }]);
  expect(data.viewer.securityEvents.nodes).toContainEqual({ name: 'credential.added', details: { kind: 'EXTERNAL', reason: 'partner' } });
});

test('somebody new gets an account, the same one each time, its address verified as the trusted provider says', async () => {
  const nina = await register(there, 'Nina');
  const visit = await visitShop();
  const { info, token } = await finish(visit, await cross(visit, 'Partner', nina.email));
  expect(info).toMatchObject({ email: nina.email, email_verified: true, name: nina.displayName });
  expect(info.sub).not.toBe(nina.id);
  expect((await give(world, '{ viewer { mfaEnabled sessions { nodes { methods } } } }', { token })).sessions.nodes).toContainEqual({
    methods: ['EXTERNAL'],
  });
  const again = await visitShop();
  expect((await finish(again, await cross(again, 'Partner', nina.email))).info.sub).toBe(info.sub);
  // Whoever comes by the other registration at the same provider is the same person.
  const other = await visitShop();
  expect((await finish(other, await cross(other, 'A stranger', nina.email))).info.sub).toBe(info.sub);
});

test('a suspended person is not let in by another provider either, and the log has it', async () => {
  const nora = await register(there, 'Nora');
  const first = await visitShop();
  const { info } = await finish(first, await cross(first, 'Partner', nora.email));
  const admin = await signInAs(here, bruno.email, demo.password);
  const suspend = 'mutation ($input: SuspendUserInput!) { suspendUser(input: $input) { user { status } } }';
  expect(await give(world, suspend, { input: { userId: info.sub, reason: 'Spam' }, token: admin })).toEqual({
    user: { status: 'SUSPENDED' },
  });
  const second = await visitShop();
  const refused = await cross(second, 'Partner', nora.email);
  expect(refused.html).toContain('wrong credentials');
  const failures =
    'query ($id: ID!) { auditEvents(first: 5, filter: { names: ["sign_in.failed"], subjectId: $id }) { nodes { details } } }';
  const { data } = await ask(here, failures, { variables: { id: info.sub }, token: admin });
  expect(data.auditEvents.nodes).toEqual([{ details: { purpose: 'SIGN_IN', proof: 'external', provider: 'partner' } }]);
});

test('a provider that is not trusted with addresses opens no account but its own', async () => {
  const local = await register(world, 'Olga');
  const double = `mutation ($input: SignUpInput!) { signUp(input: $input) { emailSentTo } }`;
  const handle = `olga_there_${Date.now().toString(36)}`;
  await give(there, double, { input: { email: local.email, password, displayName: 'Olga elsewhere', handle } });
  await give(there, 'mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { user { id } } }', {
    input: { token: await there.mail(local.email) },
  });
  const visit = await visitShop();
  const { info } = await finish(visit, await cross(visit, 'A stranger', local.email));
  expect(info.sub).not.toBe(local.id);
  expect(info.email).toBeUndefined();
  expect((await give(world, '{ viewer { externalIdentities { id } } }', { token: local.token })).externalIdentities).toEqual([]);
});

test('a registration that waits is never a match, and is over when the address is proved elsewhere', async () => {
  const there1 = await register(there, 'Pia');
  const handle = `squatter_${Date.now().toString(36)}`;
  const input = { email: there1.email, password: 'nine loud geese swim', displayName: 'Squatter', handle };
  await give(world, 'mutation ($input: SignUpInput!) { signUp(input: $input) { emailSentTo } }', { input });
  const waiting = await world.mail(there1.email);
  const visit = await visitShop();
  const { info } = await finish(visit, await cross(visit, 'Partner', there1.email));
  expect(info).toMatchObject({ email: there1.email, name: there1.displayName });
  const opened = await world.ask('mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { user { id } } }', {
    input: { token: waiting },
  });
  expect(opened.codes).toEqual(['NOT_FOUND']);
});

test('who has a second factor here is asked for it', async () => {
  const rita = await register(there, 'Rita');
  const first = await visitShop();
  const { info } = await finish(first, await cross(first, 'Partner', rita.email));
  const token = await freshToken(rita.email);
  const enrolled = await give(
    world,
    'mutation ($input: StartTotpEnrollmentInput!) { startTotpEnrollment(input: $input) { enrollmentId secret } }',
    { input: {}, token },
  );
  await give(world, 'mutation ($input: ConfirmTotpEnrollmentInput!) { confirmTotpEnrollment(input: $input) { user { id } } }', {
    input: { enrollmentId: enrolled.enrollmentId, code: codeOf(enrolled.secret) },
    token,
  });
  const visit = await visitShop();
  const page = await cross(visit, 'Partner', rita.email);
  expect(page.html).toContain('One more proof');
  const after = await visit.browser.submit(page, 'second', { code: codeOf(enrolled.secret, 1) });
  expect((await finish(visit, after)).info.sub).toBe(info.sub);

  /** The app's tokens are no good for this: a person who came from elsewhere sets a password, and signs in with it. */
  async function freshToken(email: string): Promise<string> {
    await give(world, 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { emailSentTo } }', {
      input: { email },
    });
    const secret = await world.mail(email);
    await give(world, 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { user { id } } }', {
      input: { token: secret, newPassword: password },
    });
    return (await signIn(world, email)).token;
  }
});

/** Goes as far as the provider's answer, without following it here; `changes` are made to the question on its way there. */
async function answerOf(name: string, email: string, changes: Readonly<Record<string, string>> = {}) {
  const browser = openWebBrowser([shopCallback, `${here.url}/oauth/external`]);
  const visit = await visitShop(browser);
  const started = await fetch(linkTo(visit.page, name), { redirect: 'manual' });
  const [pair = ''] = started.headers.getSetCookie()[0]!.split(';');
  const question = new URL(started.headers.get('location')!);
  for (const [parameter, value] of Object.entries(changes)) {
    if (!question.searchParams.has(parameter)) throw new Error(`no ${parameter} is sent`);
    question.searchParams.set(parameter, value);
  }
  const first = await browser.open(question.href);
  const consent = await browser.submit(first, 'password', { identifier: email, password });
  const { url } = await browser.submit(consent, 'allow');
  const load = (address: URL, cookie = pair) => fetch(address, { redirect: 'manual', headers: { cookie } });
  return { url, load };
}

describe('what comes back', () => {
  test('comes back once, to the browser that went, with the state that went', async () => {
    const sam = await register(there, 'Sam');
    const { url, load } = await answerOf('Partner', sam.email);
    const refused = async (address: URL, cookie?: string) => {
      const answer = await load(address, cookie);
      return { status: answer.status, isOver: (await answer.text()).includes('no longer valid') };
    };
    expect(await refused(url, '')).toEqual({ status: 400, isOver: true });
    expect(await refused(url, `visit=${'a'.repeat(43)}`)).toEqual({ status: 400, isOver: true });
    const other = new URL(url);
    other.searchParams.set('state', 'b'.repeat(43));
    expect(await refused(other)).toEqual({ status: 400, isOver: true });
    const astray = new URL(url);
    astray.pathname = astray.pathname.replace('partner', 'stranger');
    expect(await refused(astray)).toEqual({ status: 400, isOver: true });
    expect((await load(url)).status).toBe(303);
    expect(await refused(url)).toEqual({ status: 400, isOver: true });
  });

  test.each([
    ['another issuer', 'iss', 'https://evil.example'],
    ['another code', 'code', 'c'.repeat(43)],
  ])('%s is refused', async (_what, name, value) => {
    const tom = await register(there, 'Tom');
    const { url, load } = await answerOf('Partner', tom.email);
    url.searchParams.set(name, value);
    const answer = await load(url);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('Partner did not sign you in');
  });

  test.each([
    ['nonce', 'n'.repeat(43)],
    ['code_challenge', 'c'.repeat(43)],
  ])('answers a question that had another %s on its way, and is refused', async (parameter, value) => {
    const tim = await register(there, 'Tim');
    const { url, load } = await answerOf('Partner', tim.email, { [parameter]: value });
    const answer = await load(url);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('Partner did not sign you in');
  });

  test('an answer as a form comes in by its address', async () => {
    const uma = await register(there, 'Uma');
    const { url, load } = await answerOf('Partner', uma.email);
    const posted = await fetch(`${url.origin}${url.pathname}`, { method: 'POST', body: url.searchParams, redirect: 'manual' });
    expect(posted.status).toBe(303);
    expect((await load(new URL(posted.headers.get('location')!, url))).status).toBe(303);
  });
});

test('who does not allow it there can sign in here in another way', async () => {
  const visit = await visitShop();
  const first = await visit.browser.open(linkTo(visit.page, 'Partner'));
  const consent = await visit.browser.submit(first, 'password', { identifier: ada.email, password: demo.password });
  const page = await visit.browser.submit(consent, 'deny');
  expect(page).toMatchObject({ status: 400 });
  expect(page.html).toContain('Partner did not sign you in');
  const { info } = await finish(
    visit,
    await visit.browser.submit(visit.page, 'password', { identifier: ada.email, password: demo.password }),
  );
  expect(info.sub).toBe(ada.id);
});

describe('linking', () => {
  const start = 'mutation ($input: StartExternalLinkInput!) { startExternalLink(input: $input) { redirectUrl } }';
  const unlink = 'mutation ($input: UnlinkExternalIdentityInput!) { unlinkExternalIdentity(input: $input) { unlinkedExternalIdentityId } }';
  const linked = '{ viewer { externalIdentities { id provider subjectLabel } } }';

  async function link(token: string, email: string): Promise<Page> {
    const { redirectUrl } = await give(world, start, { input: { provider: 'partner' }, token });
    const browser = openWebBrowser([]);
    const asked = await browser.open(redirectUrl);
    expect(asked.html).toContain('Link Partner?');
    const first = await browser.submitOnly(asked);
    const consent = await browser.submit(first, 'password', { identifier: email, password });
    return browser.submit(consent, 'allow');
  }

  test('a person links an account and takes the link away again, and is told and reads of both', async () => {
    const [vera, elsewhereVera] = [await register(world, 'Vera'), await register(there, 'Vera')];
    expect((await link(vera.token, elsewhereVera.email)).html).toContain('Linked');
    const [identity] = (await give(world, linked, { token: vera.token })).externalIdentities;
    expect(identity).toMatchObject({ provider: 'Partner', subjectLabel: elsewhereVera.email });
    const visit = await visitShop();
    expect((await finish(visit, await cross(visit, 'Partner', elsewhereVera.email))).info.sub).toBe(vera.id);
    const input = { externalIdentityId: identity.id };
    const another = await register(world, 'Walt');
    expect((await world.ask(unlink, { input, token: another.token })).codes).toEqual(['NOT_FOUND']);
    expect((await link(another.token, elsewhereVera.email)).status).toBe(409);
    await give(world, unlink, { input, token: vera.token });
    expect((await give(world, linked, { token: vera.token })).externalIdentities).toEqual([]);
    const read = '{ viewer { securityEvents(first: 50) { nodes { name target details } } } }';
    const { securityEvents } = await give(world, read, { token: vera.token });
    expect(securityEvents.nodes.filter(({ target }: { target: string }) => target === identity.id)).toMatchObject([
      { name: 'credential.removed', details: { kind: 'EXTERNAL' } },
      { name: 'credential.added', details: { kind: 'EXTERNAL', reason: 'partner' } },
    ]);
    const notices = '{ viewer { notifications(first: 20) { nodes { kind } } } }';
    await eventually('both notices', async () => {
      const { notifications } = await give(world, notices, { token: vera.token });
      return notifications.nodes.filter(({ kind }: { kind: string }) => kind === 'CREDENTIAL_CHANGED').length === 2;
    });
  });

  test('the last way in stays', async () => {
    const [xeno, elsewhereXeno] = [await register(world, 'Xeno'), await register(there, 'Xeno')];
    await link(xeno.token, elsewhereXeno.email);
    const viewer = await give(world, '{ viewer { credentials { id } externalIdentities { id } } }', { token: xeno.token });
    await give(world, 'mutation ($input: RemoveCredentialInput!) { removeCredential(input: $input) { removedCredentialId } }', {
      input: { credentialId: viewer.credentials[0].id },
      token: xeno.token,
    });
    const input = { externalIdentityId: viewer.externalIdentities[0].id };
    expect((await world.ask(unlink, { input, token: xeno.token })).codes).toEqual(['CONFLICT LAST_CREDENTIAL']);
  });

  test('that is on its way when its session ends links nothing', async () => {
    const [zoe, elsewhereZoe] = [await register(world, 'Zoe'), await register(there, 'Zoe')];
    const { redirectUrl } = await give(world, start, { input: { provider: 'partner' }, token: zoe.token });
    const browser = openWebBrowser([]);
    const first = await browser.submitOnly(await browser.open(redirectUrl));
    const second = await signIn(world, zoe.email);
    await give(world, 'mutation ($input: RevokeOtherSessionsInput!) { revokeOtherSessions(input: $input) { __typename } }', {
      input: {},
      token: second.token,
    });
    const consent = await browser.submit(first, 'password', { identifier: elsewhereZoe.email, password });
    const back = await browser.submit(consent, 'allow');
    expect(back.status).toBe(400);
    expect(back.html).toContain('no longer valid');
    expect((await give(world, linked, { token: second.token })).externalIdentities).toEqual([]);
  });

  test('a link holds once, and unknown providers are told of', async () => {
    const yves = await register(world, 'Yves');
    expect((await world.ask(start, { input: { provider: 'nobody' }, token: yves.token })).codes).toEqual(['NOT_FOUND']);
    expect((await world.ask(start, { input: { provider: '../x' }, token: yves.token })).codes).toEqual(['BAD_USER_INPUT']);
    const { redirectUrl } = await give(world, start, { input: { provider: 'partner' }, token: yves.token });
    const browser = openWebBrowser([]);
    await browser.submitOnly(await browser.open(redirectUrl));
    expect((await openWebBrowser([]).open(redirectUrl)).status).toBe(400);
  });
});

describe('a provider that is away', () => {
  test.each([
    ['does not listen', 'Gone'],
    ['does not answer', 'Slow'],
  ])('and %s leaves the other ways in open', async (_how, name) => {
    const visit = await visitShop();
    const page = await visit.browser.open(linkTo(visit.page, name));
    expect(page.status).toBe(503);
    expect(page.html).toContain(`${name} does not answer right now`);
    const again = await visit.browser.submit(visit.page, 'password', { identifier: ada.email, password: demo.password });
    expect((await finish(visit, again)).info.sub).toBe(ada.id);
  });
});

test('whoever signs in elsewhere takes back no wrong password of their network', async () => {
  const guess = async () => {
    const start = 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }';
    const { flow } = await give(world, start, { input: { identifier: bruno.email } });
    const proceed = 'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { id } } }';
    return (await world.ask(proceed, { input: { flowId: flow.id, password: 'wrong wrong wrong' } })).codes;
  };
  const codes: unknown[] = [];
  while (!codes.includes('RATE_LIMITED')) {
    if (codes.length > 60) throw new Error(`the network stays open: ${codes.join(', ')}`);
    codes.push(...(await guess()));
  }
  const nora = await register(there, 'Nora');
  for (let times = 0; times < 2; times += 1) {
    const visit = await visitShop();
    await finish(visit, await cross(visit, 'Partner', nora.email));
  }
  expect(await guess()).toEqual(['RATE_LIMITED']);
});

test('a provider that dies before its answer is taken is told of', async () => {
  const zoe = await register(there, 'Zoe');
  const { url, load } = await answerOf('Partner', zoe.email);
  await there.close();
  await elsewhere.end();
  const answer = await load(url);
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain('Partner does not answer right now');
});
