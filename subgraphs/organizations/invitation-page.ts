import { escaped, layOut, sendPage } from '@supergraph/platform/html';
import type { RouteHandler } from '@supergraph/platform/routes';
import type { Loaders } from './loaders.ts';
import { findInviting } from './service/invitations.ts';

const overPage = (): string =>
  layOut(
    'This invitation is no longer valid',
    '<p>It was answered, taken back or renewed, or it is too old. Ask whoever invited you for a new one.</p>',
  );

/** Whoever holds the link learns the tenant's name and no more; who they are, only their app knows. */
const invitedPage = (organizationName: string): string =>
  layOut(
    `You are invited to ${escaped(organizationName)}`,
    `<p>Sign in to your app with the address that this mail came to. The invitation waits for you there until you answer it.</p>
<p class="soft">Apps find it under <code>viewer { organizationInvitations }</code> and answer it with <code>acceptInvitation</code> or <code>declineInvitation</code>.</p>`,
  );

/** Answers whoever opens the link of an invitation, unless APP_URL names an app that does. */
export const answerInvitation: RouteHandler<Loaders> = async (request, response, ctx) => {
  if (request.method !== 'GET') return void response.writeHead(405, { allow: 'GET' }).end();
  const token = new URL(request.url ?? '/', ctx.settings.publicUrl).searchParams.get('token') ?? '';
  const organizationName = await findInviting(ctx, token);
  sendPage(response, organizationName === null ? 404 : 200, organizationName === null ? overPage() : invitedPage(organizationName));
};
