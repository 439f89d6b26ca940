import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { demo, demoConversationId, demoPeople } from '@supergraph/schema/demo';
import { type Browser, chromium } from 'playwright-core';
import { type AppProcess, ask, signInAs, startAppProcess } from './support/app-process.ts';

// A real browser opens the playground of the program as a newcomer starts it.
let app: AppProcess;
beforeAll(async () => {
  app = await startAppProcess();
});
afterAll(async () => {
  await app?.end();
});

const [ada, bruno] = demoPeople as [(typeof demoPeople)[0], (typeof demoPeople)[0]];

describe('the playground in a browser', () => {
  let browser: Browser | undefined;
  const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
  const screenshots = join(import.meta.dirname, '../../.data/screenshots');

  beforeAll(async () => {
    if (!executable) throw new Error('no Chromium is installed; mend: apt-get install chromium');
    browser = await chromium.launch({
      executablePath: executable,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    mkdirSync(screenshots, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
  });

  test('a visitor runs the first sample, signs in at a click and sees a subscription deliver', async () => {
    const page = await (browser as Browser).newPage({ viewport: { width: 1440, height: 900 } });
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('requestfailed', (request) => {
      if (!request.url().startsWith(app.url)) problems.push(`asked another host: ${request.url()}`);
    });
    await page.goto(`${app.url}/`);
    const run = page.locator('button.graphiql-execute-button');
    await run.waitFor();
    const answer = page.locator('.graphiql-response');
    const total = answer.getByText('totalCount').first();
    // The button is there before the editor has its text, so a visitor may have to press again.
    for (let n = 0; n < 10 && !(await total.isVisible()); n++) {
      await run.click();
      await total.waitFor({ timeout: 4_000 }).catch(() => page.screenshot({ path: join(screenshots, 'waiting.png') }));
    }
    expect(await total.isVisible()).toBe(true);
    await page.getByRole('button', { name: `Sign in as ${ada.displayName}` }).click();
    await page.getByText('signed in as').waitFor();
    await page.screenshot({ path: join(screenshots, 'playground.png') });

    await page.locator('.graphiql-tab-button').nth(3).click();
    const stop = page.getByRole('button', { name: 'Stop query' });
    for (let n = 0; n < 10 && !(await stop.isVisible()); n++) {
      await page.getByRole('button', { name: 'Execute query' }).click();
      await stop.waitFor({ timeout: 4_000 }).catch(() => page.screenshot({ path: join(screenshots, 'waiting.png') }));
    }
    expect(await stop.isVisible()).toBe(true);
    // Nothing says when the socket is open, so Bruno writes until she has heard him.
    const brunosToken = await signInAs(app, bruno.email, demo.password);
    const write = async (n: number) =>
      ask(app, 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { seq } } }', {
        token: brunosToken,
        variables: { input: { conversationId: demoConversationId(1), clientMessageId: `playground ${n}`, body: 'Are you there?' } },
      });
    const delivered = answer.getByText('notificationChanged').first();
    for (let n = 0; n < 20 && !(await delivered.isVisible()); n++) {
      expect((await write(n)).errors).toBeUndefined();
      await delivered.waitFor({ timeout: 2_000 }).catch(() => undefined);
    }
    expect(await delivered.isVisible()).toBe(true);
    await page.screenshot({ path: join(screenshots, 'subscription.png') });

    // Now Bruno himself, in another window.
    const before = await answer.innerText();
    const other = await (browser as Browser).newPage({ viewport: { width: 420, height: 860 } });
    await other.goto(`${app.url}/`);
    await other.getByRole('button', { name: `Sign in as ${bruno.displayName}` }).click();
    await other.getByText(`signed in as ${bruno.displayName}`).waitFor();
    await other.locator('.graphiql-tab-button').nth(4).click();
    const sent = other.locator('.graphiql-response').getByText('sendMessage').first();
    for (let n = 0; n < 10 && !(await sent.isVisible()); n++) {
      await other.getByRole('button', { name: 'Execute query' }).click();
      await sent.waitFor({ timeout: 4_000 }).catch(() => undefined);
    }
    await other.screenshot({ path: join(screenshots, 'narrow.png') });
    // The editor shows spaces that do not break.
    expect((await other.locator('.graphiql-response').innerText()).replaceAll('\u00a0', ' ')).toContain(bruno.displayName);
    for (let n = 0; n < 200 && (await answer.innerText()) === before; n++) await page.waitForTimeout(300);
    expect(await answer.innerText()).not.toBe(before);
    expect(problems).toEqual([]);
    await Promise.all([page.close(), other.close()]);
  });
});
