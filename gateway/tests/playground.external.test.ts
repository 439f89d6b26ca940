import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { demo, demoConversationId, demoPeople } from '@supergraph/schema/demo';
import type { Browser } from 'playwright-core';
import { type AppProcess, ask, signInAs, startAppProcess } from './support/app-process.ts';
import { launchChromium } from './support/chromium.ts';
import { createWorld, give } from './support/journey.ts';
import { password, register } from './support/people.ts';
import { codeOf } from './support/totp.ts';

// A real browser opens the playground of the program as a newcomer starts it.
let app: AppProcess;
beforeAll(async () => {
  app = await startAppProcess();
});
afterAll(async () => {
  await app?.end();
});

/** How much the text and the bars of an element stand out from what is behind them; runs in the page. */
function contrastsOf(element: Element): { text: number; bars: number[] } {
  const brush = document.createElement('canvas').getContext('2d') as CanvasRenderingContext2D;
  const luminance = (color: string): number => {
    brush.fillStyle = color;
    brush.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = [...brush.getImageData(0, 0, 1, 1).data].map((value) =>
      value <= 10 ? value / 3_294 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  let behind: Element | null = element;
  while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
  const back = luminance(behind ? getComputedStyle(behind).backgroundColor : 'white');
  const contrast = (color: string): number => {
    const front = luminance(color);
    return (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
  };
  return {
    text: contrast(getComputedStyle(element).color),
    bars: [...element.querySelectorAll('.piece')].map((bar) => contrast(getComputedStyle(bar).backgroundColor)),
  };
}

const [ada, bruno] = demoPeople as [(typeof demoPeople)[0], (typeof demoPeople)[0]];

describe('the playground in a browser', () => {
  let browser: Browser | undefined;
  const screenshots = join(import.meta.dirname, '../../.data/screenshots');

  beforeAll(async () => {
    browser = await launchChromium();
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

    // In one breath: GraphiQL learns a moment later what the new tab holds.
    await page.evaluate(() => {
      document.querySelectorAll<HTMLElement>('.graphiql-tab-button')[3]?.click();
      document.querySelector<HTMLElement>('button.graphiql-execute-button')?.click();
    });
    await page.getByRole('button', { name: 'Stop query' }).waitFor();
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
      await delivered.waitFor({ timeout: 2_000 }).catch(() => page.screenshot({ path: join(screenshots, 'waiting.png') }));
    }
    // What is shown instead says why.
    expect(await answer.innerText()).toContain('notificationChanged');
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

  test('somebody who signed up signs in with a password and a code', async () => {
    const world = createWorld(app);
    const person = await register(world, 'Tess');
    const { enrollmentId, secret } = await give(
      world,
      'mutation ($input: StartTotpEnrollmentInput!) { startTotpEnrollment(input: $input) { enrollmentId secret } }',
      { input: {}, token: person.token },
    );
    await give(world, 'mutation ($input: ConfirmTotpEnrollmentInput!) { confirmTotpEnrollment(input: $input) { user { id } } }', {
      input: { enrollmentId, code: codeOf(secret, -1) },
      token: person.token,
    });
    const page = await (browser as Browser).newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(`${app.url}/`);
    await page.getByRole('button', { name: 'Another account' }).click();
    await page.getByLabel('Address or handle').fill(person.handle);
    await page.getByLabel('Password').fill('not this one at all');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').getByText('wrong credentials').waitFor();
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByLabel('Code of your authenticator app').fill('000000');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').getByText('wrong credentials').waitFor();
    await page.getByLabel('Code of your authenticator app').fill(codeOf(secret));
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText(`signed in as ${person.displayName}`).waitFor();
    await page.getByRole('button', { name: `Sign out ${person.displayName}` }).click();
    await page.getByText('you are a guest').waitFor();
    await page.close();
    await world.close();
  });

  test('shows how the last query was done: by keyboard alone, in light and dark, and nothing where it is turned off', async () => {
    const page = await (browser as Browser).newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    const told: string[] = [];
    page.on('request', (request) => {
      if (request.postData()?.includes('query Shop')) told.push(request.headers()['x-explain'] ?? 'nothing');
    });
    await page.goto(`${app.url}/`);
    await page.locator('button.graphiql-execute-button').waitFor();
    await page.getByRole('button', { name: 'Show Query plan' }).press('Enter');
    const panel = page.getByRole('region', { name: 'Plan of the last operation' });
    await panel.getByText('Run an operation').waitFor();
    const fetches = panel.locator('.fetch');
    const run = async () => {
      for (let n = 0; n < 10 && !(await fetches.first().isVisible()); n++) {
        await page.locator('button.graphiql-execute-button').click();
        await fetches
          .first()
          .waitFor({ timeout: 4_000 })
          .catch(() => undefined);
      }
    };
    await run();
    const names = await fetches.locator('b').allTextContents();
    expect(names.length).toBeGreaterThanOrEqual(4);
    expect(new Set(names)).toEqual(new Set(['accounts', 'catalog', 'inventory', 'organizations', 'reviews']));
    await panel.getByText('side by side').first().waitFor();
    // The answer itself is shown without what the panel shows.
    await page.locator('.graphiql-response').getByText('totalCount').first().waitFor();
    expect(await page.locator('.graphiql-response').getByText('extensions').count()).toBe(0);

    const first = fetches.first().locator('summary');
    await first.focus();
    await page.keyboard.press('Enter');
    await fetches.first().getByText('products(').waitFor();
    expect(await fetches.first().locator('dl').innerText()).not.toContain('_k');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(screenshots, `plan-${colorScheme}.png`) });
      const { text, bars } = await panel.evaluate(contrastsOf);
      // What WCAG asks of text and of graphics.
      expect([colorScheme, text >= 4.5, bars.filter((bar) => bar < 3)]).toEqual([colorScheme, true, []]);
    }
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('.fetch')?.querySelector('b')?.textContent)).toBe(names[1]);

    const explain = panel.getByRole('checkbox', { name: 'explain what I run' });
    await explain.press('Space');
    await page.locator('button.graphiql-execute-button').click();
    await panel.getByText('Nothing is explained').waitFor();
    expect([...new Set(told)]).toEqual(['1', 'nothing']);
    expect(problems).toEqual([]);
    await page.close();
  });
});
