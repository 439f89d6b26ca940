import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createMailer } from '@supergraph/platform/mailer';
import { testSettings } from '@supergraph/platform/testing';
import { readCapturedMail } from '../src/captured-mail.ts';
import { createMailPage } from '../src/mail-page.ts';

const settings = testSettings({ publicUrl: 'http://shop.test' });
const folder = join(settings.dataDirectory, 'mail');
let server: Server;
beforeAll(async () => {
  const serve = createMailPage(settings);
  server = createServer((incoming, response) => {
    void serve(incoming, response).then((isOurs) => isOurs || response.writeHead(404).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
  rmSync(settings.dataDirectory, { recursive: true, force: true });
});

const get = async (path: string, host = 'localhost:4000') => {
  const { port } = server.address() as AddressInfo;
  const sent = request({ host: '127.0.0.1', port, path, headers: { host } }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const piece of response) text += String(piece);
  return { status: response.statusCode, text };
};
const mail = (id: string, text: string, subject = 'Grüße aus dem Laden') =>
  createMailer(settings)({ id, to: 'ana@example.org', subject, text, html: '<p>the same</p>', date: new Date(0) });

test('a captured mail reads as it was written, in both encodings of its composer', async () => {
  const { readFile } = await import('node:fs/promises');
  const long = `Hello Änne,\n\nopen this: http://shop.test/verify-email?token=${'a='.repeat(40)}`;
  for (const [id, text] of [
    ['one', long],
    ['two', 'Привет, это письмо. '.repeat(20)],
  ] as const) {
    await mail(id, text);
    const read = readCapturedMail(await readFile(join(folder, `${id}.eml`), 'utf8'));
    expect(read).toMatchObject({ to: 'ana@example.org', subject: 'Grüße aus dem Laden' });
    expect(read.text.trim()).toBe(text.trim());
  }
});

test('the page lists the newest first and shows each with its link, as text and not as markup', async () => {
  mkdirSync(folder, { recursive: true });
  await mail('older', 'nothing', 'Older');
  await mail('newer', 'see <b>this</b>: http://shop.test/reset-password?token=abc', 'Newer <script>');
  utimesSync(join(folder, 'older.eml'), 1, 1);
  const { status, text } = await get('/mail');
  expect(status).toBe(200);
  expect(text.indexOf('/mail/newer.eml')).toBeLessThan(text.indexOf('/mail/older.eml'));
  expect(text).not.toContain('<script>');
  const one = await get('/mail/newer.eml');
  expect(one.text).toContain('<a href="http://shop.test/reset-password?token=abc">');
  expect(one.text).toContain('&#60;b&#62;this&#60;/b&#62;');
});

test('nothing else is read: no other file, no other host', async () => {
  writeFileSync(join(settings.dataDirectory, 'secret.eml'), 'To: x\n\nsecret');
  for (const path of ['/mail/../secret.eml', '/mail/%2e%2e/secret.eml', '/mail/unknown.eml', '/mailbox'])
    expect([path, (await get(path)).status]).toEqual([path, 404]);
  expect((await get('/mail', 'evil.test')).status).toBe(404);
  expect((await get('/mail', 'shop.test')).status).toBe(200);
});
