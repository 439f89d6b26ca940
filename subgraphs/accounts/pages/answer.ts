import { DomainError } from '@supergraph/platform/errors';
import { isFromOurPage, readForm, sendPage } from '@supergraph/platform/html';
import type { RouteHandler } from '@supergraph/platform/routes';
import type { Context } from '../context.ts';
import type { Loaders } from '../loaders.ts';
import { revertEmailChange } from '../service/email-change.ts';
import { requestPasswordReset, resetPassword } from '../service/recovery.ts';
import { signUp, verifyEmail } from '../service/registration.ts';
import {
  askedPage,
  confirmedPage,
  confirmPage,
  forgottenPage,
  newPasswordPage,
  overPage,
  passwordSetPage,
  revertedPage,
  revertPage,
  signUpPage,
  waitingPage,
} from './account-pages.ts';
import { resetPath, revertPath, signUpPath, verifyPath } from './paths.ts';

/** A page about one's account, for whoever is not signed in. */
interface AccountPage {
  /** The page that asks; with what was wrong the last time. */
  readonly ask: (error?: string, form?: URLSearchParams) => string;
  /** Does what the person wants; the page that says so. */
  readonly take: (ctx: Context, token: string, form: URLSearchParams) => Promise<string>;
}

const confirm: AccountPage = { ask: confirmPage, take: async (ctx, token) => confirmedPage(await verifyEmail(ctx, { token })) };

const revert: AccountPage = {
  ask: revertPage,
  take: async (ctx, token) => {
    await revertEmailChange(ctx, { token });
    return revertedPage();
  },
};

const renew: AccountPage = {
  ask: newPasswordPage,
  take: async (ctx, token, form) => {
    await resetPassword(ctx, { token, newPassword: form.get('password') ?? '' });
    return passwordSetPage();
  },
};

const forget: AccountPage = {
  ask: (error, form) => forgottenPage(error, form?.get('address') ?? ''),
  take: async (ctx, _token, form) => askedPage((await requestPasswordReset(ctx, { email: form.get('address') ?? '' })).emailSentTo),
};

const typed = (form: URLSearchParams | undefined) => (name: string) => form?.get(name) ?? '';

const begin: AccountPage = {
  ask: (error, form) => signUpPage(typed(form), error),
  take: async (ctx, _token, form) => {
    const [text, password] = [typed(form), form.get('password') ?? ''];
    const input = { email: text('address'), displayName: text('name'), handle: text('handle'), password };
    return waitingPage((await signUp(ctx, input)).emailSentTo);
  },
};

function pageAt(path: string, token: string): AccountPage | undefined {
  if (path === signUpPath) return begin;
  if (path === resetPath) return token ? renew : forget;
  if (!token) return undefined;
  if (path === verifyPath) return confirm;
  return path === revertPath ? revert : undefined;
}

/** Answers whoever signs up or opens a link of a mail: plain forms that use the same rules as the graph's mutations. */
export const answerPage: RouteHandler<Loaders> = async (request, response, ctx) => {
  const url = new URL(request.url ?? '/', ctx.settings.publicUrl);
  if (request.method !== 'GET' && request.method !== 'POST') return void response.writeHead(405, { allow: 'GET, POST' }).end();
  const token = url.searchParams.get('token') ?? '';
  const page = pageAt(url.pathname, token);
  if (!page) return sendPage(response, 404, overPage());
  if (request.method === 'GET') return sendPage(response, 200, page.ask());
  const form = isFromOurPage(request, ctx.settings) ? await readForm(request, response) : null;
  if (!form) return sendPage(response, 400, page.ask('That was sent from elsewhere. Send it from this page.'));
  try {
    sendPage(response, 200, await page.take(ctx, token, form));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === 'NOT_FOUND') return sendPage(response, 404, overPage());
    sendPage(response, error.code === 'RATE_LIMITED' ? 429 : 400, page.ask(wordsFor(error), form));
  }
};

const fields: Readonly<Record<string, string>> = {
  newPassword: 'The password',
  password: 'The password',
  email: 'The address',
  displayName: 'The name',
  handle: 'The handle',
};

function wordsFor({ code, message, extensions }: DomainError): string {
  if (code === 'RATE_LIMITED') return `Too many tries. Wait ${Number(extensions['retryAfterSeconds'])} seconds.`;
  const issues = (extensions['issues'] ?? []) as readonly { path: string; message: string }[];
  return (
    issues.map(({ path, message: what }) => `${fields[path] ?? path} ${what}.`).join(' ') ||
    `${message.charAt(0).toUpperCase()}${message.slice(1)}.`
  );
}
