import { DomainError } from '@supergraph/platform/errors';
import { isFromOurPage, readForm, sendPage } from '@supergraph/platform/html';
import type { RouteHandler } from '@supergraph/platform/routes';
import type { Context } from '../context.ts';
import type { Loaders } from '../loaders.ts';
import { revertEmailChange } from '../service/email-change.ts';
import { requestPasswordReset, resetPassword } from '../service/recovery.ts';
import { verifyEmail } from '../service/registration.ts';
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
} from './pages.ts';
import { resetPath, revertPath, verifyPath } from './paths.ts';

/** A page that a link in a mail leads to. */
interface LinkPage {
  /** The page that asks; with what was wrong the last time. */
  readonly ask: (error?: string, form?: URLSearchParams) => string;
  /** Does what the person wants; the page that says so. */
  readonly take: (ctx: Context, token: string, form: URLSearchParams) => Promise<string>;
}

const confirm: LinkPage = { ask: confirmPage, take: async (ctx, token) => confirmedPage(await verifyEmail(ctx, { token })) };

const revert: LinkPage = {
  ask: revertPage,
  take: async (ctx, token) => {
    await revertEmailChange(ctx, { token });
    return revertedPage();
  },
};

const renew: LinkPage = {
  ask: newPasswordPage,
  take: async (ctx, token, form) => {
    await resetPassword(ctx, { token, newPassword: form.get('password') ?? '' });
    return passwordSetPage();
  },
};

const forget: LinkPage = {
  ask: (error, form) => forgottenPage(error, form?.get('address') ?? ''),
  take: async (ctx, _token, form) => askedPage((await requestPasswordReset(ctx, { email: form.get('address') ?? '' })).emailSentTo),
};

function pageAt(path: string, token: string): LinkPage | undefined {
  if (path === resetPath) return token ? renew : forget;
  if (!token) return undefined;
  if (path === verifyPath) return confirm;
  return path === revertPath ? revert : undefined;
}

/** Answers whoever opens a link of a mail: plain forms that use the same rules as the graph's mutations. */
export const answerLink: RouteHandler<Loaders> = async (request, response, ctx) => {
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

const fields: Readonly<Record<string, string>> = { newPassword: 'The password', email: 'The address' };

function wordsFor({ code, message, extensions }: DomainError): string {
  if (code === 'RATE_LIMITED') return `Too many tries. Wait ${Number(extensions['retryAfterSeconds'])} seconds.`;
  const issues = (extensions['issues'] ?? []) as readonly { path: string; message: string }[];
  return issues.map(({ path, message: what }) => `${fields[path] ?? path} ${what}.`).join(' ') || message;
}
