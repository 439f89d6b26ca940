import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider';
import { textOf } from '../words.ts';
import { contentPolicy, escaped, formTargetOf, layOut, pageHeaders } from '@supergraph/platform/html';

const show = (koa: KoaContextWithOIDC, title: string, body: string): void => {
  koa.set(pageHeaders(formTargetsOf(koa)));
  koa.body = layOut(title, body);
};

/** Signing out leads back to where the client asked for. */
const formTargetsOf = ({ oidc }: KoaContextWithOIDC): string[] => (oidc.client?.postLogoutRedirectUris ?? []).map(formTargetOf);

/**
 * The library has pages that send a form by themselves: to a client that wants its answer so, or to sign somebody out
 * first. They may run that script alone, and their forms may lead to the client.
 */
export async function guardPages(koa: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  koa.set('content-security-policy', contentPolicy());
  await next();
  const policy = koa.response.get('content-security-policy');
  if (!policy.includes("'sha256-")) return;
  const targets = [...checkedRedirectUris(koa).map(formTargetOf), ...formTargetsOf(koa)];
  koa.set('content-security-policy', policy.replace("form-action 'self'", ["form-action 'self'", ...targets].join(' ')));
}

/** An interaction begins only for an address that is registered. */
function checkedRedirectUris({ oidc }: KoaContextWithOIDC): string[] {
  const { Interaction: interaction } = oidc.entities;
  const params = interaction?.params ?? (oidc.redirectUriCheckPerformed ? oidc.params : undefined);
  return [textOf(params?.['redirect_uri'])].filter(Boolean);
}

type Wrong = Error & { readonly userCode?: string; readonly error?: string; readonly error_description?: string };

/** Where a person types the code that a device shows (RFC 8628, 3.3). */
export function deviceInputPage(koa: KoaContextWithOIDC, form: string, _out?: ErrorOut, error?: Wrong): void {
  const wrong = error ? `<p class="wrong" role="alert" id="wrong">${escaped(wordsFor(error))}</p>` : '';
  // The library's field has no label, but a script, which these pages do not run.
  const described = error ? ' aria-describedby="wrong" aria-invalid="true"' : '';
  const named = form.replace(
    /placeholder="[^"]*" onfocus="[^"]*"/,
    `id="user_code" autocapitalize="characters" spellcheck="false"${described}`,
  );
  show(
    koa,
    'Connect a device',
    `${wrong}<label for="user_code">Code that your device shows</label>${named}
<button type="submit" form="op.deviceInputForm">Continue</button>`,
  );
}

function wordsFor({ name, userCode, error, error_description: description }: Wrong): string {
  if (error === 'slow_down' && description) return description;
  return userCode || name === 'NoCodeError'
    ? 'That code is not right, or it is over. Look at your device once more.'
    : 'Something went wrong. Try once more.';
}

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
