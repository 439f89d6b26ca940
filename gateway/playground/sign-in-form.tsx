import type { FormEvent } from 'react';
import { type HalfSignedIn, signIn, type SignedIn } from './sign-in.ts';

/** What is asked for: address and password, or the second proof of a sign-in that waits for it. */
export type Entry = 'password' | HalfSignedIn;

interface SignInFormProps {
  readonly entry: Entry;
  readonly attempt: (work: () => Promise<SignedIn | HalfSignedIn>) => Promise<void>;
}

/** Signs in somebody whom the page does not know, or takes the second proof of anybody. */
export function SignInForm({ entry, attempt }: SignInFormProps) {
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget);
    const text = (name: string): string => {
      const value = typed.get(name);
      return typeof value === 'string' ? value : '';
    };
    void attempt(() => (entry === 'password' ? signIn(text('identifier').trim(), text('password')) : entry.prove(text('code').trim())));
  };
  return (
    <form className="sign-in" onSubmit={send}>
      {entry === 'password' ? (
        <>
          <label>
            Address or handle <input name="identifier" autoComplete="username" autoFocus required />
          </label>
          <label>
            Password <input name="password" type="password" autoComplete="current-password" required />
          </label>
        </>
      ) : (
        <label>
          Code of your authenticator app, or a recovery code <input name="code" autoComplete="one-time-code" autoFocus required />
        </label>
      )}
      <button type="submit">Sign in</button>
    </form>
  );
}
