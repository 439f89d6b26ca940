import type { ScopeInfo } from '../../service/oauth/interactions.ts';
import type { ShownProvider } from '../../service/external/providers.ts';
import type { ShownFlow } from '../../service/sign-in/flow.ts';
import { signInPath, signInScript } from '../paths.ts';
import { escaped, layOut } from '@supergraph/platform/html';

const wrong = (error: string | undefined): string => (error ? `<p class="wrong" role="alert" id="wrong">${escaped(error)}</p>` : '');
const described = (error: string | undefined): string => (error ? ' aria-describedby="wrong" aria-invalid="true"' : '');

/** A form that comes back here with a step of its own. */
const form = (id: string, step: string, body: string): string =>
  `<form method="post" action="${signInPath}?interaction=${escaped(id)}"><input type="hidden" name="step" value="${step}">${body}</form>`;

export interface SignInPage {
  readonly id: string;
  readonly appName: string;
  readonly providers: readonly ShownProvider[];
  readonly forgotUrl: string;
  readonly signUpUrl: string;
  readonly identifier?: string;
  readonly error?: string | undefined;
}

/** Address or handle with a password, or a passkey. */
export function signInPage({ id, appName, providers, forgotUrl, signUpUrl, identifier = '', error }: SignInPage): string {
  return layOut(
    `Sign in to ${escaped(appName)}`,
    `${wrong(error)}
${form(
  id,
  'password',
  `<label for="identifier">Address or handle</label>
<input type="text" id="identifier" name="identifier" value="${escaped(identifier)}" autocomplete="username" autocapitalize="none" spellcheck="false" required${error ? '' : ' autofocus'}${described(error)}>
<label for="password">Password</label>
<input type="password" id="password" name="password" autocomplete="current-password" required${error ? ' autofocus' : ''}${described(error)}>
<button type="submit">Sign in</button>`,
)}
${form(id, 'passkey', '<button type="submit" class="second">Sign in with a passkey</button>')}
${providers.map(({ name, startUrl }) => `<a class="button second" href="${escaped(startUrl)}?interaction=${escaped(id)}">Sign in with ${escaped(name)}</a>`).join('\n')}
<p><a href="${escaped(forgotUrl)}">Forgot your password?</a></p>
<p>New here? <a href="${escaped(signUpUrl)}">Create an account</a></p>`,
  );
}

export interface SecondFactorPage {
  readonly id: string;
  readonly flow: Pick<ShownFlow, 'id' | 'nextSteps'>;
  /** What the browser needs to ask for a passkey; null where none is among the next steps. */
  readonly passkeyOptions?: object | null;
  readonly error?: string | undefined;
}

/** The second proof. */
export function secondFactorPage({ id, flow, passkeyOptions, error }: SecondFactorPage): string {
  const takesCode = flow.nextSteps.includes('TOTP') || flow.nextSteps.includes('RECOVERY_CODE');
  const code = takesCode
    ? form(
        id,
        'second',
        `<input type="hidden" name="flow" value="${escaped(flow.id)}">
<label for="code">Code of your authenticator app, or a recovery code</label>
<input type="text" id="code" name="code" autocomplete="one-time-code" spellcheck="false" required autofocus${described(error)}>
<fieldset><label><input type="checkbox" name="trust" value="yes"> Ask for no code on this device for 30 days</label></fieldset>
<button type="submit">Continue</button>`,
      )
    : '';
  const passkey = passkeyOptions ? assertionForm(id, flow.id, passkeyOptions) : '';
  return layOut('One more proof', `${wrong(error)}${code}${passkey}`, passkeyOptions ? signInScript : '');
}

/** Asks the browser for a passkey. */
export const passkeyPage = ({ id, flow, passkeyOptions }: Required<Omit<SecondFactorPage, 'error'>>): string =>
  layOut(
    'Sign in with a passkey',
    `${assertionForm(id, flow.id, passkeyOptions ?? {})}
<noscript><p class="wrong">Passkeys need JavaScript.</p></noscript>
<p><a href="${signInPath}?interaction=${escaped(id)}">Sign in with a password</a></p>`,
    signInScript,
  );

const assertionForm = (id: string, flowId: string, options: object): string =>
  form(
    id,
    'assertion',
    `<input type="hidden" name="flow" value="${escaped(flowId)}"><input type="hidden" name="assertion" value="">
<p class="wrong" role="alert" data-failed hidden>The passkey did not answer. Try once more.</p>
<button type="button" class="second" data-passkey="${escaped(JSON.stringify(options))}">Use a passkey</button>`,
  );

export interface ConsentPage {
  readonly id: string;
  readonly appName: string;
  readonly logoUrl: string | null;
  readonly personName: string;
  readonly scopes: readonly ScopeInfo[];
  readonly organizations: readonly { readonly id: string; readonly name: string }[];
  readonly error?: string | undefined;
}

/** Whether the app may. */
export function consentPage({ id, appName, logoUrl, personName, scopes, organizations, error }: ConsentPage): string {
  const logo = logoUrl ? `<p><img src="${escaped(logoUrl)}" alt="" width="48" height="48"></p>` : '';
  const wishes = scopes.map(({ description }) => `<li>${escaped(description)}</li>`).join('\n');
  const choice = (value: string, name: string, isChosen = false): string =>
    `<label><input type="radio" name="organization" value="${escaped(value)}"${isChosen ? ' checked' : ''}> ${escaped(name)}</label>`;
  const places =
    organizations.length > 0
      ? `<fieldset><legend>Where may it act for you?</legend>
${[choice('', 'Wherever you may', true), ...organizations.map((each) => choice(each.id, `In ${each.name} alone`))].join('\n')}</fieldset>`
      : '';
  return layOut(
    `Allow ${escaped(appName)}?`,
    `${wrong(error)}${logo}
<p>You are signed in as <strong>${escaped(personName)}</strong>. This app wants to:</p>
<ul>${wishes}</ul>
${form(id, 'allow', `${places}<button type="submit">Allow</button>`)}
${form(id, 'deny', '<button type="submit" class="second">Do not allow</button>')}
${form(id, 'other', '<button type="submit" class="second">Use another account</button>')}`,
  );
}

/** Nothing waits here. */
export const overPage = (): string =>
  layOut(
    'Nothing waits here',
    '<p>This sign-in is over, or it was answered already.</p><p class="soft">Go back to the app and begin again.</p>',
  );
