import type { User } from '../../store/users.ts';
import { externalPath, signInPath } from '../paths.ts';
import { escaped, layOut } from '@supergraph/platform/html';

export interface ConfirmLinkPage {
  readonly key: string;
  readonly secret: string;
  readonly providerName: string;
  readonly user: Pick<User, 'displayName' | 'handle'>;
}

/** Whether an account elsewhere shall open this account. */
export const confirmLinkPage = ({ key, secret, providerName, user }: ConfirmLinkPage): string =>
  layOut(
    `Link ${escaped(providerName)}?`,
    `<p>From now on you can sign in as <strong>${escaped(user.displayName)}</strong> (${escaped(user.handle)}) with your account at ${escaped(providerName)}.</p>
<p class="soft">Go on only if that account here is yours.</p>
<form method="post" action="${externalPath}${escaped(key)}/start?link=${escaped(secret)}"><button type="submit">Go on</button></form>`,
  );

/** The end of linking. */
export const linkedPage = (providerName: string): string =>
  layOut('Linked', `<p>You can sign in with ${escaped(providerName)} from now on; you can close this page.</p>`);

/** Whatever went wrong; with the way back to the other ways in, where something waits. */
export const troublePage = (why: string, interactionId: string | undefined): string =>
  layOut(
    'This did not work',
    `<p class="wrong" role="alert">${escaped(why)}</p>
${interactionId ? `<p><a class="button second" href="${signInPath}?interaction=${escaped(interactionId)}">Sign in in another way</a></p>` : '<p class="soft">Go back to where you came from and begin again.</p>'}`,
  );
