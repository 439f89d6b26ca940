import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider';
import { escaped, layOut, pageHeaders } from './html.ts';

const show = (koa: KoaContextWithOIDC, title: string, body: string): void => {
  koa.set(pageHeaders(formTargetsOf(koa)));
  koa.body = layOut(title, body);
};

/** Signing out leads back to where the client asked for. */
function formTargetsOf({ oidc }: KoaContextWithOIDC): string[] {
  const uri = oidc.client?.postLogoutRedirectUris ?? [];
  return uri.map((each) => new URL(each)).map(({ origin, protocol }) => (origin === 'null' ? protocol : origin));
}

/** Where a person types the code that a device shows (RFC 8628, 3.3). */
export function deviceInputPage(koa: KoaContextWithOIDC, form: string, _out?: ErrorOut, error?: Error & { userCode?: string }): void {
  const wrong = error ? `<p class="wrong" role="alert">${escaped(wordsFor(error))}</p>` : '';
  show(
    koa,
    'Connect a device',
    `${wrong}<p>Type the code that your device shows.</p>${form}
<button type="submit" form="op.deviceInputForm">Continue</button>`,
  );
}

const wordsFor = (error: Error & { userCode?: string }): string =>
  error.userCode || error.name === 'NoCodeError'
    ? 'That code is not right, or it is over. Look at your device once more.'
    : 'Something went wrong. Try once more.';

/** Where a person makes sure that it is their own device. */
export function deviceConfirmPage(
  koa: KoaContextWithOIDC,
  form: string,
  client: { readonly clientName?: string; readonly clientId: string },
  _device: unknown,
  userCode: string,
): void {
  show(
    koa,
    'Is this your device?',
    `<p><strong>${escaped(client.clientName ?? client.clientId)}</strong> shows this code:</p>
<p><strong><code>${escaped(userCode)}</code></strong></p>
<p class="soft">Go on only if you see the same code on a device that you hold.</p>${form}
<button type="submit" form="op.deviceConfirmForm">It is mine: continue</button>
<button type="submit" form="op.deviceConfirmForm" value="yes" name="abort" class="second">Cancel</button>`,
  );
}

/** The end of connecting a device. */
export function deviceDonePage(koa: KoaContextWithOIDC): void {
  const name = koa.oidc.client?.clientName;
  show(koa, 'Connected', `<p>${name ? `<strong>${escaped(name)}</strong> goes on` : 'Go on'} on your device; you can close this page.</p>`);
}

/** Asks before signing out: a link elsewhere must not do it. */
export function signOutPage(koa: KoaContextWithOIDC, form: string): void {
  show(
    koa,
    'Sign out?',
    `${form}<button type="submit" form="op.logoutForm" value="yes" name="logout">Sign out</button>
<button type="submit" form="op.logoutForm" class="second">Stay signed in</button>`,
  );
}

/** The end of signing out. */
export function signedOutPage(koa: KoaContextWithOIDC): void {
  show(koa, 'Signed out', '<p>You are signed out in this browser.</p>');
}

/** Whatever went wrong where no client may be told. */
export function errorPage(koa: KoaContextWithOIDC, out: ErrorOut): void {
  const { error, error_description: description } = out;
  show(
    koa,
    'This did not work',
    `<p class="wrong" role="alert">${escaped(description ?? error)}</p><p class="soft">Go back to the app and begin again. (${escaped(error)})</p>`,
  );
}
