import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Context } from '../context.ts';
import { hashSecret } from '../secrets.ts';
import type { OAuthArtifact } from '../store/oauth-artifacts.ts';
import { textOf } from './words.ts';

/** For the provider comes by once more where it signs somebody else out first; as long as that may take. */
const keptMs = 600_000;

/** Throws unless the request brings the secret that the answer of interaction `uid` gave. */
export function requireApproval(
  koa: KoaContextWithOIDC,
  uid: string,
  { details }: OAuthArtifact,
  { publicUrl }: Context['settings'],
): void {
  const isSecure = publicUrl.startsWith('https:');
  const name = isSecure ? '__Secure-approval' : 'approval';
  const approval = textOf(koa.query['approval']) || (koa.cookies.get(name, { signed: true }) ?? '');
  if (!approval || details?.['approvalHash'] !== hashSecret(approval))
    throw new errors.SessionNotFound('This sign-in did not begin in this browser, or it is over.');
  const path = new URL(koa.oidc.urlFor(koa.oidc.route, { uid })).pathname;
  koa.cookies.set(name, approval, { signed: true, httpOnly: true, sameSite: 'lax', overwrite: true, path, maxAge: keptMs });
}
