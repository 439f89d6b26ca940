import { escaped, layOut } from '@supergraph/platform/html';
import type { User } from '../store/users.ts';
import { resetPath } from './paths.ts';

const alert = (error: string | undefined): string => (error ? `<p class="wrong" role="alert" id="wrong">${escaped(error)}</p>` : '');
const described = (error: string | undefined): string => (error ? ' aria-describedby="wrong" aria-invalid="true"' : '');

/** A button rather than the link itself does it: programs that look at mails open links, too. */
const buttonPage = (title: string, text: string, label: string, error: string | undefined): string =>
  layOut(title, `${alert(error)}<p>${text}</p><form method="post"><button type="submit">${label}</button></form>`);

/** Asks whoever opens the link to confirm. */
export const confirmPage = (error?: string): string =>
  buttonPage('Confirm your address', 'Press the button to use this address for your account.', 'Confirm my address', error);

export const confirmedPage = ({ displayName, handle }: Pick<User, 'displayName' | 'handle'>): string =>
  layOut(
    'Your address is confirmed',
    `<p>Hello ${escaped(displayName)}, you can sign in now, with this address or as <strong>${escaped(handle)}</strong>. You can close this page.</p>`,
  );

/** Asks whoever opens the link to undo a change of address. */
export const revertPage = (error?: string): string =>
  buttonPage(
    'Was it not you?',
    'Press the button to give the account its former address back. All its sessions end.',
    'It was not me: undo it',
    error,
  );

export const revertedPage = (): string =>
  layOut(
    'The change is undone',
    `<p>The account has this address again, and all its sessions have ended.</p><p><a class="button" href="${resetPath}">Set a new password</a></p>`,
  );

/** Asks for the address to which a link for a new password goes. */
export const forgottenPage = (error?: string, address = ''): string =>
  layOut(
    'Forgot your password?',
    `${alert(error)}<form method="post">
<label for="address">Address of your account</label>
<input type="email" id="address" name="address" autocomplete="email" required value="${escaped(address)}"${described(error)}>
<button type="submit">Send me a link</button>
</form>`,
  );

export const askedPage = (address: string): string =>
  layOut(
    'Look into your mail',
    `<p>A mail to <strong>${escaped(address)}</strong> is on its way. Its link lets you set a new password, for one hour.</p>`,
  );

/** Asks for the new password. */
export const newPasswordPage = (error?: string): string =>
  layOut(
    'Set a new password',
    `${alert(error)}<form method="post">
<label for="password">New password</label>
<input type="password" id="password" name="password" autocomplete="new-password" minlength="10" maxlength="256" required${described(error)}>
<p class="soft">At least 10 characters. All sessions of the account end with it.</p>
<button type="submit">Set the password</button>
</form>`,
  );

export const passwordSetPage = (): string => layOut('Your password is set', '<p>You can sign in with it now. You can close this page.</p>');

export const overPage = (): string =>
  layOut('This link is no longer valid', '<p>It was used already, or it is too old. Ask for a new one where you asked for this one.</p>');

/** Asks for what an account needs; `typed` is what was typed before. */
export const signUpPage = (typed: (name: string) => string, error?: string): string =>
  layOut(
    'Create an account',
    `${alert(error)}<form method="post">
<label for="name">Your name, as others see it</label>
<input type="text" id="name" name="name" autocomplete="name" maxlength="100" required value="${escaped(typed('name'))}"${described(error)}>
<label for="handle">A handle: 3 to 30 of a-z, 0-9 and _</label>
<input type="text" id="handle" name="handle" autocomplete="username" autocapitalize="none" spellcheck="false" minlength="3" maxlength="30" required value="${escaped(typed('handle'))}"${described(error)}>
<label for="address">Your address</label>
<input type="email" id="address" name="address" autocomplete="email" required value="${escaped(typed('address'))}"${described(error)}>
<label for="password">A password of at least 10 characters</label>
<input type="password" id="password" name="password" autocomplete="new-password" minlength="10" maxlength="256" required${described(error)}>
<button type="submit">Create the account</button>
</form>`,
  );

/** The same whether or not the address has an account; the mail tells. */
export const waitingPage = (address: string): string =>
  layOut(
    'Look into your mail',
    `<p>A mail to <strong>${escaped(address)}</strong> is on its way. Open its link within 24 hours to begin your account; then go back to the app and sign in.</p>`,
  );
