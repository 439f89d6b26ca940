import { type interactionPolicy as policies, interactionPolicy as library, type KoaContextWithOIDC } from 'oidc-provider';
import { wordsOf } from './words.ts';

/** When people are asked to sign in or for their consent: as the library has it, and when the client asks for two factors. */
export function interactionPolicy(): policies.DefaultPolicy {
  const policy = library.base();
  const askedForMore = new library.Check(
    'acr_requested',
    'two factors were asked for',
    'login_required',
    ({ oidc }: KoaContextWithOIDC) => {
      const wanted = wordsOf(oidc.params?.['acr_values']);
      const isEnough = oidc.session?.acr === 'aal2' || !wanted.includes('aal2');
      // Whoever has just signed in with one factor has no second one.
      return isEnough || oidc.result?.login ? library.Check.NO_NEED_TO_PROMPT : library.Check.REQUEST_PROMPT;
    },
  );
  policy.get('login')?.checks.add(askedForMore);
  return policy;
}
